/**
 * The port of everything that is limited per time: requests (rate limits) and money (spend limits), counted under a text
 * key. Decisions are synchronous: between asking and counting nothing else can happen. Amounts are whole units of
 * whatever the caller counts (requests, pico-dollars), never negative. Times are wall-clock milliseconds.
 */

/** How time is cut. `fixed`: clock windows that start at multiples of the interval since 1970-01-01 UTC. `sliding`: the
 * last interval, at every moment. */
export type WindowTechnique = 'fixed' | 'sliding';

export interface CounterWindow {
  /** Most that may be counted in one window. */
  readonly limit: bigint;
  /** Whole milliseconds, at least 1. */
  readonly intervalMs: number;
  readonly technique: WindowTechnique;
}

/** Where a counter stands. */
export interface Standing {
  readonly limit: bigint;
  /** Counted and reserved; may be over the limit when calls cost more than was reserved. */
  readonly used: bigint;
  /** Never below zero. */
  readonly remaining: bigint;
  /**
   * Milliseconds until something frees up, 0 when nothing is counted. For a refusal: until the amount fits, or one whole
   * interval when it is more than the limit.
   */
  readonly resetMs: number;
}

export interface Decision extends Standing {
  readonly granted: boolean;
}

/** One counter's part in a reservation. An amount of zero reserves nothing, but finds out that the limit is used up. */
export interface Claim {
  readonly key: string;
  readonly window: CounterWindow;
  readonly amount: bigint;
  /** False: counted as any other, but never a reason to refuse. */
  readonly enforced: boolean;
}

/**
 * Amounts that count, from the moment they were reserved, until their window has passed or `settle` replaces them. What
 * is settled beyond the reserved amount counts from the moment of settling. Whoever dies before settling leaves them
 * counted as spent: the safe side.
 */
export interface Reservation {
  /** Replaces the reserved amount of every claim by the actual one. Only the first settle or release does anything. */
  settle(actual: bigint, nowMs: number): void;
  /** Gives everything back: nothing was used. */
  release(nowMs: number): void;
}

export type ReserveOutcome =
  | {
      readonly granted: true;
      readonly reservation: Reservation;
      /** Indexes of claims that are not enforced and would have been refused. */
      readonly over: readonly number[];
    }
  | {
      readonly granted: false;
      /** Index of the first enforced claim that does not fit. Nothing was reserved. */
      readonly refusedBy: number;
      readonly decision: Decision;
    };

export interface CounterHealth {
  /** Counters held. */
  counters: number;
  /** Counters dropped before their time because there were too many, since start. */
  evicted: number;
  /** Counters with changes that are not on disk yet. */
  unwritten: number;
  /** Last failure to write, e.g. a full disk; null when the last write succeeded. Decisions go on in memory meanwhile. */
  lastError: string | null;
  /** Where a damaged file was moved at start; null when there was none. */
  setAside: string | null;
}

/**
 * A key belongs to one limit: the same key with another interval or technique starts from nothing; another limit only
 * moves the bar.
 */
export interface CounterStore {
  /** Counts `amount` if it fits into the window, else counts nothing. */
  take(key: string, window: CounterWindow, amount: bigint, nowMs: number): Decision;
  /** Reserves every claim, or none. Each key may occur once. */
  reserve(claims: readonly Claim[], nowMs: number): ReserveOutcome;
  /** Counts nothing. */
  peek(key: string, window: CounterWindow, nowMs: number): Standing;
  health(): CounterHealth;
  /** Writes what is not on disk yet. Never throws: a failure shows in `health()`. */
  flush(): void;
  /** Flushes and lets go of the file. */
  close(): void;
}
