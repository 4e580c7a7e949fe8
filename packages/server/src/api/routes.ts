import type { Route, RouteElement, RouteVersion, routeEndpoints } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { Entry, ListQuery, RouteData, Scope } from '../stores/control-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { below, found, type GatewayPath, paged } from './find.ts';
import { invalidAt } from './read-input.ts';

type RouteEntry = Entry<RouteData>;
type RoutePath = GatewayPath & { id: string };

/** Every list of this resource: newest first. */
const ORDER = { order_by: 'created_at', order_by_direction: 'desc' as const };

export function routeHandlers({ control }: ApiDeps): Handlers<typeof routeEndpoints> {
  const { routes, routeVersions, routeDeployments } = control;
  const route = (params: RoutePath) => found(routes.get(below(control, params), params.id), 'route');
  const inside = ({ accountId, id }: RouteEntry): Scope => ({ accountId, parent: id });

  return {
    'dynamicRouting.list': async ({ params, query }) => {
      const { items, totalCount } = await routes.list(below(control, params), newestFirst(query));
      const shown = items.map((entry) => wireRoute(entry, params.gateway_id));
      return { success: true, data: { routes: shown, ...paging(query, totalCount) } };
    },
    'dynamicRouting.create': async ({ params, body, write }) => {
      const scope = below(control, params);
      const { elements } = body;
      const made = await control.atomically(async (stores) => {
        const nothing = { id: '', createdAtMs: 0 };
        const data: RouteData = { elements, version: nothing, deployment: nothing };
        const created = await stores.routes.create(scope, { name: body.name, data }, write);
        const version = await stores.routeVersions.create(inside(created), { data: { elements } }, write);
        const deployment = await stores.routeDeployments.create(
          inside(created),
          { data: { versionId: version.id } },
          write,
        );
        const to = () => ({ data: deployed(elements, version, deployment) });
        return found(stores.routes.update(scope, created.id, { actor: write.actor, to }), 'route');
      });
      return versioned(wireRoute(made, params.gateway_id), made);
    },
    'dynamicRouting.get': async ({ params }) => {
      const entry = await route(params);
      return versioned(wireRoute(entry, params.gateway_id), entry);
    },
    'dynamicRouting.update': async ({ params, body, write }) => {
      const to = ({ data }: RouteEntry) => ({ name: body.name, data });
      const renamed = await found(routes.update(below(control, params), params.id, { ...write, to }), 'route');
      return { success: true, route: wireRoute(renamed, params.gateway_id) };
    },
    'dynamicRouting.delete': async ({ params, write }) =>
      bare(await found(routes.remove(below(control, params), params.id, write), 'route'), params.gateway_id),
    'dynamicRouting.listVersions': async ({ params, query }) => {
      const entry = await route(params);
      const { items, totalCount } = await routeVersions.list(inside(entry), newestFirst(query));
      const versions = items.map((version) => wireVersion(version, entry));
      return { success: true, data: { versions, ...paging(query, totalCount) } };
    },
    'dynamicRouting.createVersion': async ({ params, body, write }) => {
      const entry = await route(params);
      const { elements } = body;
      const version = await routeVersions.create(inside(entry), { data: { elements } }, write);
      return { ...bare(entry, params.gateway_id), elements, version_id: version.id };
    },
    'dynamicRouting.getVersion': async ({ params }) => {
      const entry = await route(params);
      const version = await found(routeVersions.get(inside(entry), params.version_id), 'version');
      const { elements } = version.data;
      return { ...bare(entry, params.gateway_id), elements, ...wireVersion(version, entry) };
    },
    'dynamicRouting.listDeployments': async ({ params, query }) => {
      const entry = await route(params);
      const { items, totalCount } = await routeDeployments.list(inside(entry), newestFirst(query));
      const deployments = items.map(({ id, data, createdAtMs }) => ({
        deployment_id: id,
        version_id: data.versionId,
        created_at: isoTime(createdAtMs),
      }));
      return { success: true, data: { deployments, ...paging(query, totalCount) } };
    },
    'dynamicRouting.createDeployment': async ({ params, body, write }) => {
      const entry = await route(params);
      const version = await routeVersions.get(inside(entry), body.version_id);
      if (version === null) throw invalidAt(['body', 'version_id'], 'There is no such version of this route');
      const [serving, deployment] = await control.atomically(async (stores) => {
        const made = await stores.routeDeployments.create(inside(entry), { data: { versionId: version.id } }, write);
        const to = () => ({ data: deployed(version.data.elements, version, made) });
        return [await found(stores.routes.update(below(control, params), entry.id, { ...write, to }), 'route'), made];
      });
      return { ...bare(serving, params.gateway_id), deployment_id: deployment.id, version_id: version.id };
    },
  };
}

function deployed(elements: RouteElement[], version: Entry<unknown>, deployment: Entry<unknown>): RouteData {
  return {
    elements,
    version: { id: version.id, createdAtMs: version.createdAtMs },
    deployment: { id: deployment.id, createdAtMs: deployment.createdAtMs },
  };
}

function newestFirst<T>(query: { page: number; per_page: number }): ListQuery<T> {
  return { ...paged(query), compare: (a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1) };
}

function paging({ page, per_page }: { page: number; per_page: number }, totalCount: number) {
  return { page, per_page, total_count: totalCount, ...ORDER };
}

function bare({ id, name, data, createdAtMs, modifiedAtMs }: RouteEntry, gatewayId: string) {
  return {
    id,
    name,
    gateway_id: gatewayId,
    created_at: isoTime(createdAtMs),
    modified_at: isoTime(modifiedAtMs),
    elements: data.elements,
  };
}

function wireRoute(entry: RouteEntry, gatewayId: string): Route {
  const { version, deployment, elements } = entry.data;
  return {
    ...bare(entry, gatewayId),
    account_tag: entry.accountId,
    deployment: {
      deployment_id: deployment.id,
      version_id: version.id,
      created_at: isoTime(deployment.createdAtMs),
    },
    version: {
      version_id: version.id,
      active: 'true',
      created_at: isoTime(version.createdAtMs),
      data: JSON.stringify(elements),
      is_valid: true,
    },
  };
}

function wireVersion(version: Entry<{ elements: RouteElement[] }>, route: RouteEntry): RouteVersion {
  return {
    version_id: version.id,
    active: version.id === route.data.version.id ? 'true' : 'false',
    created_at: isoTime(version.createdAtMs),
    data: JSON.stringify(version.data.elements),
    is_valid: true,
  };
}
