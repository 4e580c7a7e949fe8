import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { timestamp } from './fields.ts';
import { LOG_DIMENSIONS, logFilter } from './logs.ts';

/** RFC 3339, with any offset. */
const time = z.iso.datetime({ offset: true }).optional();

/** Several values, with commas between them or as a parameter given several times. */
const dimensions = z
  .union([z.string(), z.array(z.string())])
  .transform((given) =>
    [given]
      .flat()
      .flatMap((text) => text.split(','))
      .filter((name) => name !== ''),
  )
  .pipe(z.array(z.enum(LOG_DIMENSIONS)));

export const analyticsQuery = z.object({
  /** The end is not part of the range. */
  start: time,
  end: time,
  interval: z.enum(['hour', 'day', 'none']).default('none'),
  group_by: dimensions.optional(),
  filters: z.array(logFilter).optional(),
});

/**
 * How long something took, in milliseconds: percentiles, and counts by bucket. `le` is the upper bound of a bucket, null
 * for the last one; empty buckets are left out. Percentiles are null where nothing was counted.
 */
const times = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  histogram: z.array(z.object({ le: z.number().nullable(), count: z.number() })),
});

/** Sums over log rows (attempts). Costs are US dollars; what is not known adds nothing. */
const sums = {
  requests: z.number(),
  errors: z.number(),
  cached: z.number(),
  tokens_in: z.number(),
  tokens_out: z.number(),
  cache_read_tokens: z.number(),
  cache_write_tokens: z.number(),
  reasoning_tokens: z.number(),
  cost: z.number(),
  saved_cost: z.number(),
  duration: times,
  latency: times,
};
export const analyticsSums = z.object(sums);
export type AnalyticsSums = z.output<typeof analyticsSums>;

/** `start` is the beginning of the hour or day, null without an interval; `group` has a value for each dimension asked for. */
export const analyticsBucket = z.object({
  start: timestamp.nullable(),
  group: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  ...sums,
});

export const analytics = z.object({
  start: timestamp,
  end: timestamp,
  interval: z.enum(['hour', 'day', 'none']),
  group_by: z.array(z.enum(LOG_DIMENSIONS)),
  buckets: z.array(analyticsBucket),
  totals: analyticsSums,
});

export const analyticsEndpoints = {
  'analytics.get': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/analytics',
    tag: 'Analytics',
    summary: 'Sums over the log by time and group: requests, tokens, costs, percentiles of times',
    permission: 'metadata-read',
    query: analyticsQuery,
    body: null,
    response: analytics,
    reply: 'result',
  }),
};
