import type { Secret } from '../../lib/index.ts';

/** One of several keys under one alias. */
export interface PooledKey {
  id: string;
  secret: Secret;
  /** Share of the calls beside the other keys; default 1. A key of weight 0 is used only while no other can be. */
  weight?: number;
  /** At most `limit` calls in each period, which begins with the first call in it. */
  rateLimit?: { limit: number; periodMs: number };
}

export interface PickInput {
  keys: readonly PooledKey[];
  nowMs: number;
  /** From 0, below 1. */
  random: () => number;
}

/** `limited`: every key has used up its rate limit; the first is free again after `retryAfterMs`. */
export type KeyPick = { kind: 'key'; key: PooledKey } | { kind: 'limited'; retryAfterMs: number } | { kind: 'empty' };

export interface KeyOutcome {
  /** HTTP status of the provider's answer. */
  status: number;
  /** What `Retry-After` asked for, or null. */
  retryAfterMs: number | null;
  nowMs: number;
}

const REFUSED_MS = 5 * 60_000;
const THROTTLED_MS = 10_000;
const MAX_COOL_DOWN_MS = 60 * 60_000;
const MAX_KEYS = 10_000;

interface KeyState {
  coolUntilMs: number;
  /** The running period of the rate limit. */
  periodEndsMs: number;
  used: number;
}

/**
 * Chooses among the keys of an alias, by weight. A key that the provider refused (401, 403) rests for five minutes, one
 * that it throttled (429) for as long as `Retry-After` says, at most an hour, or 10 seconds; a success ends the rest. When
 * all rest, the one that is free first is used all the same: a call that may fail is better than one that surely does.
 *
 * What is known about keys is this process's own, and of 10,000 keys at most; beyond, the longest unused is forgotten.
 */
export class KeyPool {
  readonly #states = new Map<string, KeyState>();

  /** Chooses a key and counts its use. */
  pick({ keys, nowMs, random }: PickInput): KeyPick {
    const open = keys.filter((key) => this.#limitedUntil(key, nowMs) <= nowMs);
    if (open.length === 0) {
      if (keys.length === 0) return { kind: 'empty' };
      const free = Math.min(...keys.map((key) => this.#limitedUntil(key, nowMs)));
      return { kind: 'limited', retryAfterMs: free - nowMs };
    }
    const rested = open.filter((key) => this.#coolUntil(key) <= nowMs);
    const key = rested.length > 0 ? byWeight(rested, random) : this.#firstFree(open);
    if (key === undefined) return { kind: 'empty' };
    this.#count(key, nowMs);
    return { kind: 'key', key };
  }

  /** Takes in how the provider answered a call made with a key. */
  report(keyId: string, { status, retryAfterMs, nowMs }: KeyOutcome): void {
    const coolMs = coolDownMs(status, retryAfterMs);
    if (coolMs === null) return;
    const state = this.#states.get(keyId);
    if (coolMs > 0) this.#keep(keyId, { ...(state ?? UNUSED), coolUntilMs: nowMs + coolMs });
    else if (state !== undefined) state.coolUntilMs = 0;
  }

  #coolUntil(key: PooledKey): number {
    return this.#states.get(key.id)?.coolUntilMs ?? 0;
  }

  #limitedUntil(key: PooledKey, nowMs: number): number {
    const state = this.#states.get(key.id);
    if (key.rateLimit === undefined || state === undefined || state.periodEndsMs <= nowMs) return 0;
    return state.used < key.rateLimit.limit ? 0 : state.periodEndsMs;
  }

  #firstFree(keys: readonly PooledKey[]): PooledKey | undefined {
    return keys.toSorted((a, b) => this.#coolUntil(a) - this.#coolUntil(b))[0];
  }

  #count(key: PooledKey, nowMs: number): void {
    if (key.rateLimit === undefined) return;
    const state = this.#states.get(key.id) ?? UNUSED;
    const running = state.periodEndsMs > nowMs;
    this.#keep(key.id, {
      ...state,
      periodEndsMs: running ? state.periodEndsMs : nowMs + key.rateLimit.periodMs,
      used: running ? state.used + 1 : 1,
    });
  }

  #keep(keyId: string, state: KeyState): void {
    // Set anew, so that the order of the map is the order of use.
    this.#states.delete(keyId);
    this.#states.set(keyId, state);
    for (const longestUnused of this.#states.keys()) {
      if (this.#states.size <= MAX_KEYS) break;
      this.#states.delete(longestUnused);
    }
  }
}

const UNUSED: KeyState = { coolUntilMs: 0, periodEndsMs: 0, used: 0 };

/** 0 ends a rest; null says nothing about the key. */
function coolDownMs(status: number, retryAfterMs: number | null): number | null {
  if (status >= 200 && status < 300) return 0;
  if (status === 401 || status === 403) return REFUSED_MS;
  if (status !== 429) return null;
  return retryAfterMs === null ? THROTTLED_MS : Math.min(Math.max(retryAfterMs, 1), MAX_COOL_DOWN_MS);
}

function byWeight(keys: readonly PooledKey[], random: () => number): PooledKey | undefined {
  const total = keys.reduce((sum, key) => sum + weightOf(key), 0);
  let left = random() * total;
  for (const key of keys) {
    left -= weightOf(key);
    if (left < 0) return key;
  }
  return keys.findLast((key) => weightOf(key) > 0) ?? keys[0];
}

function weightOf(key: PooledKey): number {
  return Math.max(key.weight ?? 1, 0);
}
