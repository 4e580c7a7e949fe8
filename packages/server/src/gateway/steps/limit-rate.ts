import { Refusal } from '@headgate/contract';
import type { Clock } from '../../lib/index.ts';
import type { CounterStore } from '../../stores/counter-ports.ts';
import type { GatewayPolicy } from '../../stores/ports.ts';

export interface RateDeps {
  readonly counters: CounterStore;
  readonly clock: Clock;
}

/**
 * Counts the call against the gateway's rate limit.
 * @throws Refusal 429/2003 with `Retry-After` and the `RateLimit` fields of the IETF draft (and their older forms).
 */
export function limitRate(gateway: GatewayPolicy, { counters, clock }: RateDeps): void {
  const rule = gateway.rateLimit;
  if (rule === null) return;
  const { limit, intervalMs, technique } = rule;
  const window = { limit: BigInt(limit), intervalMs, technique };
  const decision = counters.take(`rate:${gateway.key}`, window, 1n, clock.nowMs());
  if (decision.granted) return;
  const resetS = Math.max(1, Math.ceil(decision.resetMs / 1000));
  throw new Refusal('rateLimited', {
    headers: {
      'retry-after': String(resetS),
      'ratelimit-policy': `"default";q=${limit};w=${intervalMs / 1000}`,
      ratelimit: `"default";r=0;t=${resetS}`,
      'ratelimit-limit': String(limit),
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(resetS),
    },
  });
}
