import type { Secret } from '../../lib/index.ts';

/** One of several keys under one alias. */
export interface PooledKey {
  id: string;
  secret: Secret;
  /** Share of the calls beside the other keys; default 1. A key of weight 0 is used only while no other can be. */
  weight?: number;
}

export interface PickInput<K extends PooledKey> {
  keys: readonly K[];
  /** Counts a use of the key against its own limit: null when it may be used, else milliseconds until it may. */
  admit: (key: K) => number | null;
  nowMs: number;
  /** From 0, below 1. */
  random: () => number;
}

/** `limited`: every key has used up its rate limit; the first is free again after `retryAfterMs`. */
export type KeyPick<K extends PooledKey> =
  | { kind: 'key'; key: K }
  | { kind: 'limited'; retryAfterMs: number }
  | { kind: 'empty' };

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

/**
 * Chooses among the keys of an alias, by weight. A key that the provider refused (401, 403) rests for five minutes, one
 * that it throttled (429) for as long as `Retry-After` says, at most an hour, or 10 seconds; a success ends the rest. When
 * all rest, the one that is free first is used all the same: a call that may fail is better than one that surely does.
 *
 * Which keys rest is this process's own knowledge, and of 10,000 keys at most; beyond, the longest unused is forgotten.
 */
export class KeyPool {
  /** When keys may be used again, by id. */
  readonly #coolUntil = new Map<string, number>();

  /** Chooses a key and has its use counted. */
  pick<K extends PooledKey>({ keys, admit, nowMs, random }: PickInput<K>): KeyPick<K> {
    let left = keys;
    let retryAfterMs = Number.POSITIVE_INFINITY;
    for (;;) {
      const rested = left.filter((key) => this.#until(key) <= nowMs);
      const key = rested.length > 0 ? byWeight(rested, random) : this.#firstFree(left);
      if (key === undefined) break;
      const waitMs = admit(key);
      if (waitMs === null) return { kind: 'key', key };
      retryAfterMs = Math.min(retryAfterMs, waitMs);
      left = left.filter((other) => other !== key);
    }
    return keys.length === 0 ? { kind: 'empty' } : { kind: 'limited', retryAfterMs };
  }

  /** Takes in how the provider answered a call made with a key. */
  report(keyId: string, { status, retryAfterMs, nowMs }: KeyOutcome): void {
    const coolMs = coolDownMs(status, retryAfterMs);
    if (coolMs === null) return;
    // Set anew, so that the order of the map is the order of use.
    const rested = this.#coolUntil.delete(keyId);
    if (coolMs === 0) return;
    this.#coolUntil.set(keyId, nowMs + coolMs);
    if (rested || this.#coolUntil.size <= MAX_KEYS) return;
    for (const longestUnused of this.#coolUntil.keys()) {
      this.#coolUntil.delete(longestUnused);
      break;
    }
  }

  #until(key: PooledKey): number {
    return this.#coolUntil.get(key.id) ?? 0;
  }

  #firstFree<K extends PooledKey>(keys: readonly K[]): K | undefined {
    return keys.toSorted((a, b) => this.#until(a) - this.#until(b))[0];
  }
}

/** 0 ends a rest; null says nothing about the key. */
function coolDownMs(status: number, retryAfterMs: number | null): number | null {
  if (status >= 200 && status < 300) return 0;
  if (status === 401 || status === 403) return REFUSED_MS;
  if (status !== 429) return null;
  return retryAfterMs === null ? THROTTLED_MS : Math.min(Math.max(retryAfterMs, 1), MAX_COOL_DOWN_MS);
}

function byWeight<K extends PooledKey>(keys: readonly K[], random: () => number): K | undefined {
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
