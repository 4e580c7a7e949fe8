import { Refusal } from '@headgate/contract';
import type { Clock, FieldRecord } from '../../lib/index.ts';
import type { CounterStore, CounterWindow, Standing } from '../../stores/counter-ports.ts';
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
  readonly #key: string;
  /** Null: there is nothing to count, or it is counted already. */
  #window: CounterWindow | null;

  constructor(call: ReadCall, deps: RateDeps) {
    const { key, rateLimit } = call.gateway;
    this.#call = call;
    this.#deps = deps;
    this.#key = `rate:${key}`;
    this.#window = rateLimit === null ? null : { ...rateLimit, limit: BigInt(rateLimit.limit) };
  }

  /**
   * There is room for the call, or it is counted already. Counts nothing: what else may refuse the call comes in between,
   * and nothing that waits, so that `count` finds the room that this found.
   * @throws Refusal 429/2003 with `Retry-After` and the `RateLimit` fields.
   */
  check(): void {
    if (this.#window === null) return;
    const found = this.#deps.counters.peek(this.#key, this.#window, this.#deps.clock.nowMs());
    if (found.remaining > 0n) return;
    const standing = standingIn(this.#window, found);
    const headers: FieldRecord = { 'retry-after': String(standing.resetS) };
    addRateFields(headers, standing);
    throw new Refusal('rateLimited', { headers });
  }

  /** The provider is asked now: the call counts, whatever comes of it. */
  count(): void {
    if (this.#window === null) return;
    const found = this.#deps.counters.take(this.#key, this.#window, 1n, this.#deps.clock.nowMs());
    this.#call.trail.rate = standingIn(this.#window, found);
    this.#window = null;
  }
}

function standingIn({ intervalMs }: CounterWindow, { limit, remaining, resetMs }: Standing): RateStanding {
  const resetS = Math.max(1, Math.ceil(resetMs / 1000));
  return { limit: Number(limit), windowS: intervalMs / 1000, remaining: Number(remaining), resetS };
}

/** Adds the `RateLimit` fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers), and their older forms. */
export function addRateFields(fields: FieldRecord, { limit, windowS, remaining, resetS }: RateStanding): void {
  fields['ratelimit-policy'] = `"default";q=${limit};w=${windowS}`;
  fields.ratelimit = `"default";r=${remaining};t=${resetS}`;
  fields['ratelimit-limit'] = String(limit);
  fields['ratelimit-remaining'] = String(remaining);
  fields['ratelimit-reset'] = String(resetS);
}
