import { Refusal } from '@headgate/contract';
import type { Clock } from '../../lib/index.ts';
import type { CounterStore } from '../../stores/counter-ports.ts';
import type { GatewayPolicy } from '../../stores/ports.ts';

export interface RateDeps {
  readonly counters: CounterStore;
  readonly clock: Clock;
}

/** Where a call stands in the gateway's rate limit. */
export interface RateStanding {
  readonly limit: number;
  readonly windowS: number;
  readonly remaining: number;
  /** Seconds until something frees up, rounded up. */
  readonly resetS: number;
}

/**
 * Counts the call against the gateway's rate limit; null where there is none.
 * @throws Refusal 429/2003 with `Retry-After` and the `RateLimit` fields.
 */
export function limitRate(gateway: GatewayPolicy, { counters, clock }: RateDeps): RateStanding | null {
  const rule = gateway.rateLimit;
  if (rule === null) return null;
  const { limit, intervalMs, technique } = rule;
  const window = { limit: BigInt(limit), intervalMs, technique };
  const { granted, remaining, resetMs } = counters.take(`rate:${gateway.key}`, window, 1n, clock.nowMs());
  const resetS = Math.max(1, Math.ceil(resetMs / 1000));
  const standing = { limit, windowS: intervalMs / 1000, remaining: granted ? Number(remaining) : 0, resetS };
  if (granted) return standing;
  throw new Refusal('rateLimited', { headers: { 'retry-after': String(resetS), ...rateHeaders(standing) } });
}

/** The `RateLimit` fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers), and their older forms. */
export function rateHeaders({ limit, windowS, remaining, resetS }: RateStanding): Record<string, string> {
  return {
    'ratelimit-policy': `"default";q=${limit};w=${windowS}`,
    ratelimit: `"default";r=${remaining};t=${resetS}`,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetS),
  };
}
