import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { httpUrl, noQuery, paging, timestamp } from './fields.ts';
import { GATEWAY_ID } from './ids.ts';

const gatewayId = z
  .string()
  .min(1)
  .max(64)
  .regex(GATEWAY_ID, 'Use letters, digits, - and _; start with a letter or digit');

const dlpAction = z.enum(['BLOCK', 'FLAG']);
const dlpPolicy = z.object({
  id: z.string().min(1),
  action: dlpAction,
  check: z.array(z.enum(['REQUEST', 'RESPONSE'])),
  enabled: z.boolean(),
  profiles: z.array(z.string()),
});
/** Two shapes: one action for all profiles, or policies of their own. */
export const dlpSettings = z.union([
  z.object({ enabled: z.boolean(), policies: z.array(dlpPolicy) }),
  z.object({ action: dlpAction, enabled: z.boolean(), profiles: z.array(z.string()) }),
]);

/** Llama Guard hazard categories S1 to S13 and prompt injection; a code left out is not looked at. */
const guardrailAction = z.enum(['FLAG', 'BLOCK']).optional();
const guardrailPhase = z.object({
  S1: guardrailAction,
  S2: guardrailAction,
  S3: guardrailAction,
  S4: guardrailAction,
  S5: guardrailAction,
  S6: guardrailAction,
  S7: guardrailAction,
  S8: guardrailAction,
  S9: guardrailAction,
  S10: guardrailAction,
  S11: guardrailAction,
  S12: guardrailAction,
  S13: guardrailAction,
  P1: guardrailAction,
});
export const guardrailSettings = z.object({ prompt: guardrailPhase, response: guardrailPhase });

export const otelExporter = z.object({
  url: httpUrl,
  headers: z.record(z.string(), z.string()),
  authorization: z.string().optional(),
  content_type: z.enum(['json', 'protobuf']).optional(),
});

const spendDimension = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('filter'), values: z.array(z.string()) }),
  z.object({ mode: z.literal('partition') }),
]);
/** Limit in US dollars, window in seconds. A rule without id gets one derived from what it counts. */
export const spendRule = z.object({
  id: z.string().min(1).max(64).optional(),
  enabled: z.boolean().optional(),
  limit: z.number().min(0),
  limitType: z.literal('cost'),
  window: z.int().min(0),
  technique: z.enum(['fixed', 'sliding']).optional(),
  /** `observe` only records; absent means `enforce`. */
  mode: z.enum(['enforce', 'observe']).optional(),
  metadata: z.record(z.string(), spendDimension).optional(),
  model: spendDimension.optional(),
  provider: spendDimension.optional(),
});
export const spendLimits = z.object({ enabled: z.boolean().optional(), rules: z.array(spendRule).max(20).optional() });

export const stripeSettings = z.object({
  authorization: z.string(),
  usage_events: z.array(z.object({ payload: z.string() })),
});

/** Settings that every create and update must name; seconds where they are times, null and 0 mean off. */
const required = {
  cache_invalidate_on_update: z.boolean(),
  cache_ttl: z.int().min(0).nullable(),
  collect_logs: z.boolean(),
  rate_limiting_interval: z.int().min(0).nullable(),
  rate_limiting_limit: z.int().min(0).nullable(),
};

/** Settings that may be left out: the value in `GATEWAY_DEFAULTS` on create, unchanged on update. */
const optional = {
  authentication: z.boolean(),
  byok_only: z.boolean(),
  dlp: dlpSettings.nullable(),
  guardrails: guardrailSettings.nullable(),
  log_classification: z.boolean(),
  /** Most log rows kept. */
  log_management: z.int().min(10_000).max(10_000_000).nullable(),
  log_management_strategy: z.enum(['STOP_INSERTING', 'DELETE_OLDEST']).nullable(),
  logpush: z.boolean(),
  /** PEM, RSA. */
  logpush_public_key: z.string().min(16).max(1024).nullable(),
  otel: z.array(otelExporter).nullable(),
  rate_limiting_technique: z.enum(['fixed', 'sliding']).nullable(),
  retry_backoff: z.enum(['constant', 'linear', 'exponential']).nullable(),
  /** Milliseconds. */
  retry_delay: z.int().min(0).max(60_000).nullable(),
  /** Retries after the first try. */
  retry_max_attempts: z.int().min(0).max(5).nullable(),
  spend_limits: spendLimits.nullable(),
  store_id: z.string().nullable(),
  /** `inject`: OpenAI-style streams are asked for their usage, which the client does not see. */
  stream_usage: z.enum(['as_sent', 'inject']),
  stripe: stripeSettings.nullable(),
  workers_ai_billing_mode: z.enum(['postpaid', 'unified']),
  zdr: z.boolean(),
};

export const gatewaySettings = z.object({ ...required, ...optional });
/** Every setting of a gateway, as on the wire. */
export type GatewaySettings = z.output<typeof gatewaySettings>;

type Nullish<Shape extends z.ZodRawShape> = { [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Key]>> };
function nullish<Shape extends z.ZodRawShape>(shape: Shape): Nullish<Shape> {
  return Object.fromEntries(
    Object.entries(shape).map(([key, field]) => [key, z.nullable(field).optional()]),
  ) as Nullish<Shape>;
}

/** An update: required settings must be there, an optional one left out stays, null resets it to its default. */
export const gatewayUpdate = z.object({ ...required, ...nullish(optional) });
export type GatewayUpdate = z.output<typeof gatewayUpdate>;
export const gatewayCreate = z.object({ id: gatewayId, ...gatewayUpdate.shape });

/** What an optional setting is when it was never given. */
export const GATEWAY_DEFAULTS: Omit<GatewaySettings, keyof typeof required> = {
  authentication: true,
  byok_only: false,
  dlp: null,
  guardrails: null,
  log_classification: false,
  log_management: null,
  log_management_strategy: null,
  logpush: false,
  logpush_public_key: null,
  otel: null,
  rate_limiting_technique: null,
  retry_backoff: null,
  retry_delay: null,
  retry_max_attempts: null,
  spend_limits: null,
  store_id: null,
  stream_usage: 'as_sent',
  stripe: null,
  workers_ai_billing_mode: 'postpaid',
  zdr: false,
};

/** Settings of the gateway `default`, which the first authenticated call creates. */
export const DEFAULT_GATEWAY_SETTINGS: GatewaySettings = {
  cache_invalidate_on_update: false,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
  ...GATEWAY_DEFAULTS,
};

/** A gateway as it is returned. `account_tag` repeats `account_id`; `internal_id` outlives no deletion. */
export const gateway = z.object({
  id: gatewayId,
  account_id: z.string(),
  account_tag: z.string(),
  internal_id: z.string(),
  is_default: z.boolean(),
  created_at: timestamp,
  modified_at: timestamp,
  ...gatewaySettings.shape,
});
export type Gateway = z.output<typeof gateway>;

const tag = 'Gateways';
const all = '/accounts/{account_id}/ai-gateway/gateways';
const one = '/accounts/{account_id}/ai-gateway/gateways/{id}';

export const gatewayEndpoints = {
  'gateways.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List gateways',
    permission: 'read',
    openToRestricted: true,
    query: z.object({ ...paging(), search: z.string().optional() }),
    body: null,
    response: gateway,
    reply: 'page',
  }),
  'gateways.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Create a gateway',
    permission: 'edit',
    query: noQuery,
    body: gatewayCreate,
    response: gateway,
    reply: 'result',
  }),
  'gateways.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a gateway',
    permission: 'read',
    query: noQuery,
    body: null,
    response: gateway,
    reply: 'result',
  }),
  'gateways.update': endpoint({
    method: 'PUT',
    path: one,
    tag,
    summary: 'Update a gateway: optional settings left out stay, null resets one',
    permission: 'edit',
    query: noQuery,
    body: gatewayUpdate,
    response: gateway,
    reply: 'result',
  }),
  'gateways.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a gateway, its configuration and its logs',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: gateway,
    reply: 'result',
  }),
  'urls.get': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/url/{provider}',
    tag,
    summary: 'The address to call a provider at, through a gateway; `universal` gives the base with a trailing slash',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.string(),
    reply: 'result',
  }),
  'urls.base': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/url',
    tag,
    summary: 'The base address of a gateway, with a trailing slash',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.string(),
    reply: 'result',
  }),
};
