import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, paging, timestamp } from './fields.ts';
import { routeElement, routeElementsInput } from './route-elements.ts';

/** The name that clients call as `dynamic/{name}`. */
const name = z.string().regex(/^[^\s/]{1,64}$/, 'Use 1 to 64 characters without spaces and slashes');

const deployment = z.object({ deployment_id: z.string(), version_id: z.string(), created_at: timestamp });
const version = z.object({
  version_id: z.string(),
  /** Whether it is the deployed one; a text, as the official types have it. */
  active: z.enum(['true', 'false']),
  created_at: timestamp,
  /** The elements as JSON text. */
  data: z.string(),
  is_valid: z.boolean(),
});

const bareRoute = {
  id: z.string(),
  name: z.string(),
  gateway_id: z.string(),
  created_at: timestamp,
  modified_at: timestamp,
  elements: z.array(routeElement),
};
/** A route with what serves its traffic. */
export const route = z.object({ ...bareRoute, account_tag: z.string(), deployment, version });
export type Route = z.output<typeof route>;
export type RouteVersion = z.output<typeof version>;
export type RouteDeployment = z.output<typeof deployment>;

/** Lists of this resource have an envelope of their own. */
const listOf = <Name extends string, Item extends z.ZodType>(key: Name, item: Item) =>
  z.object({
    success: z.literal(true),
    data: z.object({
      ...({ [key]: z.array(item) } as Record<Name, z.ZodArray<Item>>),
      page: z.number(),
      per_page: z.number(),
      total_count: z.number(),
      order_by: z.string(),
      order_by_direction: z.enum(['asc', 'desc']),
    }),
  });

const tag = 'Dynamic routing';
const all = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes';
const one = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes/{id}';
const versions = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes/{id}/versions';
const deployments = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes/{id}/deployments';

export const routeEndpoints = {
  'dynamicRouting.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List routes',
    permission: 'read',
    query: z.object(paging()),
    body: null,
    response: listOf('routes', route),
    reply: 'raw',
  }),
  'dynamicRouting.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Create a route; its first version is deployed at once',
    permission: 'edit',
    query: noQuery,
    body: z.object({ name, elements: routeElementsInput }),
    response: route,
    reply: 'result',
  }),
  'dynamicRouting.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a route with its deployed version',
    permission: 'read',
    query: noQuery,
    body: null,
    response: route,
    reply: 'result',
  }),
  'dynamicRouting.update': endpoint({
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Rename a route',
    permission: 'edit',
    query: noQuery,
    body: z.object({ name }),
    response: z.object({ success: z.literal(true), route }),
    reply: 'raw',
  }),
  'dynamicRouting.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a route with its versions and deployments',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: z.object(bareRoute),
    reply: 'result',
  }),
  'dynamicRouting.listVersions': endpoint({
    method: 'GET',
    path: versions,
    tag,
    summary: 'List the versions of a route, newest first',
    permission: 'read',
    query: z.object(paging()),
    body: null,
    response: listOf('versions', version),
    reply: 'raw',
  }),
  'dynamicRouting.createVersion': endpoint({
    method: 'POST',
    path: versions,
    tag,
    summary: 'Add a version; it serves nothing until it is deployed',
    permission: 'edit',
    query: noQuery,
    body: z.object({ elements: routeElementsInput }),
    response: z.object({ ...bareRoute, version_id: z.string() }),
    reply: 'result',
  }),
  'dynamicRouting.getVersion': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes/{id}/versions/{version_id}',
    tag,
    summary: 'Fetch a version of a route',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.object({ ...bareRoute, ...version.shape }),
    reply: 'result',
  }),
  'dynamicRouting.listDeployments': endpoint({
    method: 'GET',
    path: deployments,
    tag,
    summary: 'List the deployments of a route, newest first',
    permission: 'read',
    query: z.object(paging()),
    body: null,
    response: listOf('deployments', deployment),
    reply: 'raw',
  }),
  'dynamicRouting.createDeployment': endpoint({
    method: 'POST',
    path: deployments,
    tag,
    summary: 'Let a version serve the traffic; an older one rolls back',
    permission: 'edit',
    query: noQuery,
    body: z.object({ version_id: z.string() }),
    response: z.object({ ...bareRoute, deployment_id: z.string(), version_id: z.string() }),
    reply: 'result',
  }),
};
