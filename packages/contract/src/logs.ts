import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { direction, noQuery, paging, queryBoolean, queryInteger, queryNumber, timestamp } from './fields.ts';

export const LOG_FILTER_FIELDS = [
  'id',
  'created_at',
  'request_content_type',
  'response_content_type',
  'request_type',
  'success',
  'cached',
  'provider',
  'model',
  'model_type',
  'cost',
  'tokens',
  'tokens_in',
  'tokens_out',
  'duration',
  'feedback',
  'event_id',
  'metadata.key',
  'metadata.value',
  'authentication',
  'wholesale',
  'compatibilityMode',
  'dlp_action',
  'user_agent',
  'status_code',
  'outcome',
] as const;

/** One condition; several values are alternatives, several conditions must all hold. */
export const logFilter = z.object({
  key: z.enum(LOG_FILTER_FIELDS),
  operator: z.enum(['eq', 'neq', 'contains', 'lt', 'gt']),
  value: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1),
});
export type WireLogFilter = z.output<typeof logFilter>;

export const LOG_ORDER_FIELDS = [
  'created_at',
  'provider',
  'model',
  'model_type',
  'success',
  'cached',
  'cost',
  'tokens_in',
  'tokens_out',
  'duration',
  'feedback',
] as const;

/** By what sums of rows can be split. */
export const LOG_DIMENSIONS = [
  'provider',
  'model',
  'model_type',
  'request_type',
  'user_agent',
  'wholesale',
  'outcome',
  'status_code',
  'status_class',
  'cached',
] as const;

const selection = {
  filters: z.array(logFilter).optional(),
  order_by: z.enum(LOG_ORDER_FIELDS).default('created_at'),
  order_by_direction: direction.optional(),
};

/** Older parameters that `filters` replaced; still taken, and combined with it. Bounds are inclusive. */
const deprecated = {
  cached: queryBoolean.optional(),
  direction: direction.optional(),
  start_date: z.string().optional(),
  end_date: z.string().optional(),
  feedback: queryInteger(-1, 1).optional(),
  success: queryBoolean.optional(),
  model: z.string().optional(),
  model_type: z.string().optional(),
  provider: z.string().optional(),
  request_content_type: z.string().optional(),
  response_content_type: z.string().optional(),
  min_cost: queryNumber.optional(),
  max_cost: queryNumber.optional(),
  min_duration: queryNumber.optional(),
  max_duration: queryNumber.optional(),
  min_tokens_in: queryNumber.optional(),
  max_tokens_in: queryNumber.optional(),
  min_tokens_out: queryNumber.optional(),
  max_tokens_out: queryNumber.optional(),
  min_total_tokens: queryNumber.optional(),
  max_total_tokens: queryNumber.optional(),
};

export const logListQuery = z.object({
  ...paging(50),
  ...selection,
  meta_info: queryBoolean.optional(),
  search: z.string().optional(),
  ...deprecated,
});
export type LogListQuery = z.output<typeof logListQuery>;

/**
 * A log row: one attempt of one call. `duration` and `timings` are milliseconds, `cost` US dollars, sizes bytes,
 * `metadata` a JSON text. `estimated` says that tokens and cost rest on a count of our own (`usage_source`). `timings.latency` is the time to the provider's first byte, `timings.stages` our own time.
 */
export const logRow = z.object({
  id: z.string(),
  event_id: z.string(),
  created_at: timestamp,
  provider: z.string(),
  model: z.string(),
  model_type: z.string().nullable(),
  path: z.string(),
  request_type: z.string(),
  request_content_type: z.string().nullable(),
  response_content_type: z.string().nullable(),
  status_code: z.number(),
  success: z.boolean(),
  outcome: z.enum(['success', 'error', 'cancelled', 'truncated', 'refused']),
  error: z.object({ code: z.union([z.number(), z.string()]).nullable(), message: z.string() }).nullable(),
  cached: z.boolean(),
  step: z.number(),
  streamed: z.boolean(),
  finish_reason: z.string().nullable(),
  duration: z.number(),
  timings: z.object({
    total: z.number(),
    latency: z.number().nullable(),
    stages: z.record(z.string(), z.number()).optional(),
  }),
  tokens_in: z.number().nullable(),
  tokens_out: z.number().nullable(),
  usage_metadata: z.record(z.string(), z.number()).nullable(),
  /** As the provider named it, in lower case. */
  service_tier: z.string().nullable(),
  usage_source: z.enum(['provider', 'estimated', 'relayed']).nullable(),
  estimated: z.boolean(),
  cost: z.number().nullable(),
  /** Of an answer out of the cache: what it would have cost. */
  saved_cost: z.number().nullable(),
  custom_cost: z.boolean(),
  /** Where zero data retention was wanted: whether the provider was asked for it. */
  zdr: z.enum(['forwarded', 'unsupported']).nullable(),
  metadata: z.string().nullable(),
  authentication: z.boolean(),
  wholesale: z.boolean(),
  byok: z.boolean(),
  compatibilityMode: z.boolean(),
  feedback: z.number().nullable(),
  score: z.number().nullable(),
  user_agent: z.string().nullable(),
  dlp_action: z.string().nullable(),
  request_size: z.number(),
  response_size: z.number(),
  payload_dropped: z.boolean(),
  /** Spend rules in mode `observe` that would have refused the attempt. */
  limits_observed: z.array(z.string()).nullable(),
});
export type LogRow = z.output<typeof logRow>;

/**
 * How a cost came about. `total` and `cost` are US dollars with up to twelve decimals, `unit_price` exact US dollars for
 * one unit as text: a decimal, or `n/d` where that has no end. `price_version` is the day of the price list, or the
 * version of the account's own price; null for prices that the client sent. `cache`: the answer cost nothing.
 */
export const costBreakdown = z.object({
  total: z.number(),
  currency: z.literal('USD'),
  price_version: z.string().nullable(),
  source: z.enum(['list', 'override', 'custom', 'cache']),
  components: z.array(z.object({ component: z.string(), units: z.number(), unit_price: z.string(), cost: z.number() })),
});
export type CostBreakdown = z.output<typeof costBreakdown>;

/** Characters of each body that the detail shows. */
export const LOG_HEAD_CHARACTERS = 4096;

/**
 * A row with the bill (null where the cost is not known) and the first `LOG_HEAD_CHARACTERS` of its bodies; of a stream its reassembled text. Null where no body is
 * kept, where it is not text, and for tokens that may read metadata only.
 */
export const logDetail = z.object({
  ...logRow.shape,
  cost_breakdown: costBreakdown.nullable(),
  request_head: z.string().nullable(),
  request_head_complete: z.boolean(),
  response_head: z.string().nullable(),
  response_head_complete: z.boolean(),
});

/** Fields left out stay; null clears one. Feedback 0 means none. */
export const logPatch = z.object({
  feedback: z.int().min(-1).max(1).nullish(),
  score: z.number().nullish(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
});

const tag = 'Logs';
const all = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs';
const one = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs/{id}';

export const logEndpoints = {
  'logs.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List log rows; `meta_info` adds minima and maxima to `result_info`',
    permission: 'metadata-read',
    query: logListQuery,
    body: null,
    response: logRow,
    reply: 'page',
  }),
  'logs.delete': endpoint({
    method: 'DELETE',
    path: all,
    tag,
    summary: 'Delete the rows that match, at most `limit` of them in the given order',
    permission: 'edit',
    query: z.object({ ...selection, search: z.string().optional(), limit: queryInteger(1, 10_000_000).optional() }),
    body: null,
    response: z.object({ success: z.literal(true) }),
    reply: 'raw',
  }),
  'logs.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch a log row with the heads of its bodies',
    permission: 'metadata-read',
    query: noQuery,
    body: null,
    response: logDetail,
    reply: 'result',
  }),
  'logs.edit': endpoint({
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Set feedback, score or metadata of a log row',
    permission: 'edit',
    query: noQuery,
    body: logPatch,
    response: logRow,
    reply: 'result',
  }),
  'logs.request': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs/{id}/request',
    tag,
    summary: 'The stored request body',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.unknown(),
    reply: 'bytes',
  }),
  'logs.response': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs/{id}/response',
    tag,
    summary: 'The stored response body',
    permission: 'read',
    query: noQuery,
    body: null,
    response: z.unknown(),
    reply: 'bytes',
  }),
};
