import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const cacheEndpoints = {
  'cache.purge': endpoint({
    method: 'DELETE',
    path: '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/cache',
    tag: 'Cache',
    summary: 'Remove cached answers: those that match every parameter given, or all of the gateway',
    permission: 'edit',
    query: z.object({
      /** The client's own key, from `cf-aig-cache-key`. */
      key: z.string().min(1).optional(),
      model: z.string().min(1).optional(),
      provider: z.string().min(1).optional(),
    }),
    body: null,
    response: z.object({ purged: z.int().min(0) }),
    reply: 'result',
  }),
};
