import { z } from 'zod';
import { endpoint, PERMISSIONS, type PermissionName } from './endpoint.ts';
import { direction, noQuery, paging, queryBoolean, timestamp } from './fields.ts';
import { GATEWAY_ID } from './ids.ts';

/** Permission groups by the id that a policy names. */
export const PERMISSION_GROUPS = [
  { id: 'ai_gateway_read', name: 'AI Gateway Read', permission: 'read' },
  { id: 'ai_gateway_edit', name: 'AI Gateway Edit', permission: 'edit' },
  { id: 'ai_gateway_run', name: 'AI Gateway Run', permission: 'run' },
  { id: 'ai_gateway_metadata_read', name: 'AI Gateway Metadata Read', permission: 'metadata-read' },
] as const satisfies { id: string; name: string; permission: PermissionName }[];

const groupId = z.enum(PERMISSION_GROUPS.map((group) => group.id));

/**
 * What a policy covers: `com.cloudflare.api.account.{account_id}` (or `.*`) for the whole account, and
 * `com.headgate.gateway.{gateway_id}` for one gateway; the value is `*`. The nested form of the official types, an
 * account key over an object of gateway keys, means those gateways.
 */
const resources = z.record(z.string(), z.union([z.literal('*'), z.record(z.string(), z.literal('*'))]));

export const tokenPolicy = z.object({
  effect: z.enum(['allow', 'deny']),
  permission_groups: z.array(z.object({ id: groupId })).min(1),
  resources,
});
export type TokenPolicy = z.output<typeof tokenPolicy>;

const instant = z.iso.datetime({ offset: true });
const tokenName = z.string().min(1).max(120);
const gatewayList = z.array(z.string().regex(GATEWAY_ID)).min(1);

/** Either `policies` or the short form `permissions` with `gateways` (left out: all gateways). */
const grants = {
  policies: z.array(tokenPolicy).min(1).optional(),
  permissions: z.array(z.enum(PERMISSIONS)).min(1).optional(),
  gateways: gatewayList.optional(),
  /** Refused when it holds anything: a restriction that is not enforced must not look as if it were. */
  condition: z.strictObject({}, 'Conditions on the caller are not supported').nullish(),
  expires_on: instant.nullish(),
  not_before: instant.nullish(),
};
const named = (body: { policies?: unknown; permissions?: unknown }) =>
  (body.policies === undefined) !== (body.permissions === undefined);
const oneForm = { path: ['policies'], message: 'Give either policies or permissions' };

export const tokenCreate = z.object({ name: tokenName, ...grants }).refine(named, oneForm);
/** `expires_on` and `not_before` left out stay; null removes the bound. */
export const tokenUpdate = z
  .object({ name: tokenName, ...grants, status: z.enum(['active', 'disabled']).optional() })
  .refine(named, oneForm);
export type TokenGrants = z.output<typeof tokenCreate>;

const status = z.enum(['active', 'disabled', 'expired']);

export const token = z.object({
  id: z.string(),
  name: z.string(),
  status,
  issued_on: timestamp,
  modified_on: timestamp,
  expires_on: timestamp.nullable(),
  not_before: timestamp.nullable(),
  policies: z.array(
    z.object({
      id: z.string(),
      effect: z.enum(['allow', 'deny']),
      permission_groups: z.array(z.object({ id: groupId, name: z.string() })),
      resources,
    }),
  ),
  permissions: z.array(z.enum(PERMISSIONS)),
  gateways: z.array(z.string()).nullable(),
});
export type Token = z.output<typeof token>;

const verification = z.object({
  id: z.string(),
  status,
  expires_on: timestamp.optional(),
  not_before: timestamp.optional(),
});

const tag = 'Tokens';
const all = '/accounts/{account_id}/tokens';
const one = '/accounts/{account_id}/tokens/{id}';

export const tokenEndpoints = {
  'tokens.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List tokens',
    permission: 'read',
    query: z.object({ ...paging(), direction: direction.default('asc'), include_expired: queryBoolean.default(true) }),
    body: null,
    response: token,
    reply: 'page',
  }),
  'tokens.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Create a token; its value is in this answer only',
    permission: 'edit',
    query: noQuery,
    body: tokenCreate,
    response: z.object({ ...token.shape, value: z.string() }),
    reply: 'result',
  }),
  'tokens.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a token',
    permission: 'read',
    query: noQuery,
    body: null,
    response: token,
    reply: 'result',
  }),
  'tokens.update': endpoint({
    method: 'PUT',
    path: one,
    tag,
    summary: 'Update a token',
    permission: 'edit',
    query: noQuery,
    body: tokenUpdate,
    response: token,
    reply: 'result',
  }),
  'tokens.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a token',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: z.object({ id: z.string() }),
    reply: 'result',
  }),
  'tokens.roll': endpoint({
    method: 'PUT',
    path: '/accounts/{account_id}/tokens/{id}/value',
    tag,
    summary: 'Give a token a new value; the old one stops working',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: z.string(),
    reply: 'result',
  }),
  'tokens.verify': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/tokens/verify',
    tag,
    summary: 'Say whether the token of this call is good',
    permission: 'any',
    openToRestricted: true,
    query: noQuery,
    body: null,
    response: verification,
    reply: 'result',
  }),
  'tokens.verifyUser': endpoint({
    method: 'GET',
    path: '/user/tokens/verify',
    tag,
    summary: 'Say whether the token of this call is good',
    permission: 'any',
    openToRestricted: true,
    query: noQuery,
    body: null,
    response: verification,
    reply: 'result',
  }),
  'tokens.permissionGroups': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/tokens/permission_groups',
    tag,
    summary: 'List permission groups',
    permission: 'read',
    openToRestricted: true,
    query: z.object({ ...paging(), name: z.string().optional(), scope: z.string().optional() }),
    body: null,
    response: z.object({
      id: groupId,
      name: z.string(),
      category: z.literal('ai_and_machine_learning'),
      is_selectable: z.boolean(),
      scopes: z.array(z.literal('com.cloudflare.api.account')),
    }),
    reply: 'page',
  }),
};
