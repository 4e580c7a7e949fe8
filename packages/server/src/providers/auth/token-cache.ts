import type { Clock } from '../../lib/index.ts';

export interface IssuedToken {
  value: string;
  lifetimeMs: number;
}

export interface TokenCache {
  /** The token kept under `key`, or a new one. Callers that ask at the same time share one issue, and its failure. */
  get(key: string, issue: () => Promise<IssuedToken>): Promise<string>;
}

interface Entry {
  token: Promise<string>;
  /** Wall time; endless while the token is being issued. */
  usableUntilMs: number;
}

/** A token is given up this long before it expires, or at half its life when that is later. */
const MARGIN_MS = 60_000;
const MAX_TOKENS = 1000;

/** Short-lived tokens by key, until shortly before they expire. Failures are not kept. Full, it forgets the longest unused. */
export function createTokenCache(clock: Clock): TokenCache {
  const entries = new Map<string, Entry>();

  function issueInto(key: string, issue: () => Promise<IssuedToken>): Entry {
    const entry: Entry = { usableUntilMs: Number.POSITIVE_INFINITY, token: Promise.resolve('') };
    entry.token = issue().then(
      ({ value, lifetimeMs }) => {
        entry.usableUntilMs = clock.nowMs() + Math.max(lifetimeMs - MARGIN_MS, lifetimeMs / 2);
        return value;
      },
      (error: unknown) => {
        if (entries.get(key) === entry) entries.delete(key);
        throw error;
      },
    );
    return entry;
  }

  return {
    get(key, issue) {
      const kept = entries.get(key);
      const entry = kept !== undefined && clock.nowMs() < kept.usableUntilMs ? kept : issueInto(key, issue);
      // Set anew, so that the order of the map is the order of use.
      entries.delete(key);
      entries.set(key, entry);
      for (const longestUnused of entries.keys()) {
        if (entries.size <= MAX_TOKENS) break;
        entries.delete(longestUnused);
      }
      return entry.token;
    },
  };
}
