import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { direction, noQuery, paging, queryBoolean, queryList, timestamp } from './fields.ts';

const scope = z.enum(['workers', 'ai_gateway', 'dex', 'access', 'containers', 'websearch']);
const name = z.string().regex(/^\S{1,255}$/, 'Use 1 to 255 characters without spaces');
const comment = z.string().max(1024).optional();
/** At most 64 KiB in UTF-8. */
const value = z
  .string()
  .min(1)
  .refine((text) => new TextEncoder().encode(text).byteLength <= 65_536, 'Too big: expected at most 65,536 bytes');

export const secretStore = z.object({
  id: z.string(),
  account_id: z.string(),
  name: z.string(),
  created: timestamp,
  modified: timestamp,
});
export type SecretStore = z.output<typeof secretStore>;

/** A secret without its value, which is never shown. */
export const secret = z.object({
  id: z.string(),
  store_id: z.string(),
  name: z.string(),
  comment: z.string(),
  scopes: z.array(scope),
  status: z.enum(['pending', 'active', 'deleted']),
  created: timestamp,
  modified: timestamp,
});
export type StoredSecret = z.output<typeof secret>;

const newSecret = z.object({ name, scopes: z.array(scope), value, comment });

const tag = 'Secrets store';
const stores = '/accounts/{account_id}/secrets_store/stores';
const store = '/accounts/{account_id}/secrets_store/stores/{store_id}';
const secrets = '/accounts/{account_id}/secrets_store/stores/{store_id}/secrets';
const one = '/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{id}';

export const secretsStoreEndpoints = {
  'secretsStore.quota': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/secrets_store/quota',
    tag,
    summary: 'How many secrets there are; there is no upper bound',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.object({ secrets: z.object({ quota: z.number(), usage: z.number() }) }),
    reply: 'result',
  }),
  'secretStores.list': endpoint({
    method: 'GET',
    path: stores,
    tag,
    summary: 'List stores',
    permission: 'read',
    query: z.object({
      ...paging(),
      order: z.enum(['name', 'created', 'modified']).default('created'),
      direction: direction.default('asc'),
    }),
    body: null,
    response: secretStore,
    reply: 'page',
  }),
  'secretStores.create': endpoint({
    method: 'POST',
    path: stores,
    tag,
    summary: 'Create a store',
    permission: 'edit',
    query: noQuery,
    body: z.object({ name }),
    response: secretStore,
    reply: 'result',
  }),
  'secretStores.get': endpoint({
    method: 'GET',
    path: store,
    tag,
    summary: 'Fetch a store',
    permission: 'read',
    query: noQuery,
    body: null,
    response: secretStore,
    reply: 'result',
  }),
  'secretStores.delete': endpoint({
    method: 'DELETE',
    path: store,
    tag,
    summary: 'Delete a store; one that holds secrets only with `force`',
    permission: 'edit',
    query: z.object({ force: queryBoolean.default(false) }),
    body: null,
    response: z.null(),
    reply: 'result',
  }),
  'secrets.list': endpoint({
    method: 'GET',
    path: secrets,
    tag,
    summary: 'List the secrets of a store, without values',
    permission: 'read',
    query: z.object({
      ...paging(),
      order: z.enum(['name', 'comment', 'created', 'modified', 'status']).default('created'),
      direction: direction.default('asc'),
      search: z.string().optional(),
      scopes: queryList(scope).optional(),
    }),
    body: null,
    response: secret,
    reply: 'page',
  }),
  'secrets.create': endpoint({
    method: 'POST',
    path: secrets,
    tag,
    summary: 'Store secrets: all of them or none',
    permission: 'edit',
    query: noQuery,
    body: z.array(newSecret).min(1).max(100),
    response: z.array(secret),
    reply: 'result',
  }),
  'secrets.bulkDelete': endpoint({
    method: 'DELETE',
    path: secrets,
    tag,
    summary: 'Delete the secrets named in the body',
    permission: 'edit',
    query: noQuery,
    body: z
      .array(z.object({ id: z.string() }))
      .min(1)
      .max(100),
    response: z.null(),
    reply: 'result',
  }),
  'secrets.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a secret, without its value',
    permission: 'read',
    query: noQuery,
    body: null,
    response: secret,
    reply: 'result',
  }),
  'secrets.edit': endpoint({
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a secret: fields left out stay',
    permission: 'edit',
    query: noQuery,
    body: z.object({ value: value.optional(), scopes: z.array(scope).optional(), comment }),
    response: secret,
    reply: 'result',
  }),
  'secrets.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a secret; provider keys that use it stop working',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: z.null(),
    reply: 'result',
  }),
  'secrets.duplicate': endpoint({
    method: 'POST',
    path: '/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{id}/duplicate',
    tag,
    summary: 'Store the value of a secret under another name',
    permission: 'edit',
    query: noQuery,
    body: z.object({ name, scopes: z.array(scope), comment }),
    response: secret,
    reply: 'result',
  }),
};
