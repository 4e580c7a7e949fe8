import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, paging, timestamp } from './fields.ts';

/** An alias travels in a header. Several keys may share a provider and an alias: they form a pool. */
const alias = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'Use 1 to 64 printable characters without spaces');
const providerSlug = z.string().regex(/^[A-Za-z0-9_-]{1,71}$/, 'Use letters, digits, - and _');
/** A provider key, or the JSON text of a provider's credential object. */
const secret = z.string().min(1).max(65_536);
const rateLimit = z.int().min(1).nullish();
/** Share of the calls beside other keys of the alias; null is 1. 0: used only while no other can be. */
const weight = z.number().min(0).max(1000).nullish();

/** One of `secret` (a new key, kept in the gateway's secrets store) and `secret_id` (one that is there already). */
export const providerConfigCreate = z
  .object({
    alias,
    default_config: z.boolean(),
    provider_slug: providerSlug,
    secret: secret.optional(),
    secret_id: z.string().min(1).optional(),
    /** Calls per `rate_limit_period` seconds (default 60) with this key. */
    rate_limit: rateLimit,
    rate_limit_period: rateLimit,
    weight,
  })
  .refine((body) => (body.secret === undefined) !== (body.secret_id === undefined), {
    path: ['secret'],
    message: 'Give either secret or secret_id',
  });

/** Fields left out stay. */
export const providerConfigUpdate = z
  .object({
    alias: alias.optional(),
    default_config: z.boolean().optional(),
    provider_slug: providerSlug.optional(),
    secret: secret.optional(),
    secret_id: z.string().min(1).optional(),
    rate_limit: rateLimit,
    rate_limit_period: rateLimit,
    weight,
  })
  .refine((body) => body.secret === undefined || body.secret_id === undefined, {
    path: ['secret'],
    message: 'Give either secret or secret_id',
  });

export const providerConfig = z.object({
  id: z.string(),
  alias: z.string(),
  default_config: z.boolean(),
  gateway_id: z.string(),
  provider_slug: z.string(),
  secret_id: z.string(),
  /** The end of the key behind asterisks; empty when its secret was deleted. */
  secret_preview: z.string(),
  rate_limit: z.number().nullable(),
  rate_limit_period: z.number().nullable(),
  weight: z.number().nullable(),
  created_at: timestamp,
  modified_at: timestamp,
});
export type ProviderConfig = z.output<typeof providerConfig>;

const tag = 'Provider configs';
const all = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/provider_configs';
const one = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/provider_configs/{id}';
const change = {
  path: one,
  tag,
  summary: 'Change a stored provider key: fields left out stay',
  permission: 'edit',
  query: noQuery,
  body: providerConfigUpdate,
  response: providerConfig,
  reply: 'result',
} as const;

export const providerConfigEndpoints = {
  'providerConfigs.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List stored provider keys, masked',
    permission: 'read',
    query: z.object(paging()),
    body: null,
    response: providerConfig,
    reply: 'page',
  }),
  'providerConfigs.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Store a provider key under an alias',
    permission: 'edit',
    query: noQuery,
    body: providerConfigCreate,
    response: providerConfig,
    reply: 'result',
  }),
  'providerConfigs.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a stored provider key, masked',
    permission: 'read',
    query: noQuery,
    body: null,
    response: providerConfig,
    reply: 'result',
  }),
  'providerConfigs.update': endpoint({ method: 'PUT', ...change }),
  'providerConfigs.edit': endpoint({ method: 'PATCH', ...change }),
  'providerConfigs.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a stored provider key, and its secret where it was made with it',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: providerConfig,
    reply: 'result',
  }),
};
