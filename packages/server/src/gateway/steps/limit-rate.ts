import { Refusal } from '@headgate/contract';
import type { Clock } from '../../lib/index.ts';
import type { CounterStore, CounterWindow } from '../../stores/counter-ports.ts';
import type { GatewayPolicy } from '../../stores/ports.ts';
import type { ReadCall } from '../call.ts';

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

/** One call in the gateway's rate limit: counted once, with all its retries and steps, if it goes to a provider at all. */
export class RateCount {
  readonly #call: ReadCall;
  readonly #deps: RateDeps;
  #counted = false;

  constructor(call: ReadCall, deps: RateDeps) {
    this.#call = call;
    this.#deps = deps;
  }

  /**
   * There is room for the call, or it is counted already. Counts nothing: what else may refuse the call comes in between,
   * and nothing that waits, so that `count` finds the room that this found.
   * @throws Refusal 429/2003 with `Retry-After` and the `RateLimit` fields.
   */
  check(): void {
    const rule = this.#call.gateway.rateLimit;
    if (rule === null || this.#counted) return;
    const { limit, intervalMs } = rule;
    const { remaining, resetMs } = this.#deps.counters.peek(this.#key(), windowOf(rule), this.#deps.clock.nowMs());
    if (remaining > 0n) return;
    const standing = { limit, windowS: intervalMs / 1000, remaining: 0, resetS: seconds(resetMs) };
    const headers = { 'retry-after': String(standing.resetS), ...rateHeaders(standing) };
    throw new Refusal('rateLimited', { headers });
  }

  /** The provider is asked now: the call counts, whatever comes of it. */
  count(): void {
    const { gateway, trail } = this.#call;
    const rule = gateway.rateLimit;
    if (rule === null || this.#counted) return;
    this.#counted = true;
    const { counters, clock } = this.#deps;
    const { remaining, resetMs } = counters.take(this.#key(), windowOf(rule), 1n, clock.nowMs());
    const { limit, intervalMs } = rule;
    trail.rate = { limit, windowS: intervalMs / 1000, remaining: Number(remaining), resetS: seconds(resetMs) };
  }

  #key(): string {
    return `rate:${this.#call.gateway.key}`;
  }
}

function windowOf({ limit, intervalMs, technique }: NonNullable<GatewayPolicy['rateLimit']>): CounterWindow {
  return { limit: BigInt(limit), intervalMs, technique };
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

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
