import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, timestamp } from './fields.ts';

/** `until` is exclusive, and the present when it is left out. */
export const repriceBody = z
  .object({ since: timestamp, until: timestamp.nullish(), dry_run: z.boolean().nullish() })
  .refine(({ since, until }) => !until || Date.parse(until) > Date.parse(since), {
    path: ['until'],
    message: 'until must be after since',
  });

/** `unknown_…`: rows with usage whose cost is not known. `difference`: new less old costs in US dollars, unknown ones as 0. */
const counts = {
  rows: z.number(),
  changed: z.number(),
  unknown_before: z.number(),
  unknown_after: z.number(),
  difference: z.number(),
};

export const repricing = z.object({
  id: z.string(),
  gateway_id: z.string(),
  /** `interrupted`: the server stopped; rows that were changed stay so, and running it again does the rest. */
  state: z.enum(['running', 'done', 'failed', 'interrupted']),
  since: timestamp,
  until: timestamp,
  dry_run: z.boolean(),
  /** Rows to look at; null until they are counted. */
  of: z.number().nullable(),
  error: z.string().nullable(),
  total: z.object(counts),
  /** Those with the most changed rows first, at most a thousand. */
  models: z.array(z.object({ provider: z.string(), model: z.string(), ...counts })),
  created_at: timestamp,
  finished_at: timestamp.nullable(),
});
export type Repricing = z.output<typeof repricing>;

const tag = 'Logs';

export const repriceEndpoints = {
  'logs.reprice': endpoint({
    method: 'POST',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs/reprice',
    tag,
    summary: 'Work out anew what past calls cost, by the prices of today for the time of each call',
    permission: 'edit',
    query: noQuery,
    body: repriceBody,
    response: repricing,
    reply: 'result',
  }),
  'logs.repricing': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs/reprice/{id}',
    tag,
    summary: 'How far a repricing is, and its report',
    permission: 'metadata-read',
    query: noQuery,
    body: null,
    response: repricing,
    reply: 'result',
  }),
};
