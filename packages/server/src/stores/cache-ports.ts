/**
 * The port of the answer cache: what the data plane needs of it to store answers and find them again, and what the
 * management API needs to empty it. No SQL words here. Keys are made by `cacheKey`, whichever adapter is behind the port.
 */

/** Largest body that is cached, in bytes. */
export const MAX_CACHED_BODY_BYTES = 25 * 1024 * 1024;

/** A stored answer. Immutable from the moment it is put: the cache shares it with every reader. */
export interface CachedAnswer {
  readonly status: number;
  /** JSON of an object, values by lower-case name: one text, since the collector looks at every string of every entry. */
  readonly headers: string;
  /** As the provider sent it, content coding untouched. */
  readonly body: Uint8Array;
  readonly storedAtMs: number;
  /** From this time on it is never served. */
  readonly expiresAtMs: number;
  /** The gateway's internal id. */
  readonly gatewayKey: string;
  readonly accountId: string;
  readonly provider: string;
  /** Empty when none is known. */
  readonly model: string;
  /** The client's own key, or null when the key was computed from the request. */
  readonly customKey: string | null;
}

/** Entries of one gateway; everything given must hold. */
export interface PurgeSelection {
  gatewayKey: string;
  customKey?: string;
  model?: string;
  provider?: string;
}

export interface AnswerCacheStats {
  memoryEntries: number;
  memoryBytes: number;
  diskEntries: number;
  diskBytes: number;
  /** Answers given from memory, from disk, and questions without one, since start. */
  memoryHits: number;
  diskHits: number;
  misses: number;
  /** Entries that did not reach the disk: too many waited, or writing failed. */
  droppedWrites: number;
  /** Last failure of the disk tier; null when its last write succeeded. */
  lastError: string | null;
}

export interface AnswerCache {
  /**
   * The entry with this key that is alive at `nowMs` (wall time), or null. What is in memory, and what is nowhere, comes
   * at once; only what must be read from disk comes as a promise. Never throws or rejects: a failing disk is a miss.
   */
  get(key: string, nowMs: number): CachedAnswer | null | Promise<CachedAnswer | null>;
  /**
   * Stores or replaces; the next `get` finds it. Not stored are a body that is too large, and an answer that a purge after
   * `epoch` (left out: after now) has selected. The body must not be changed or transferred afterwards. Persistence
   * follows later and may fail; `stats` tells.
   */
  put(key: string, answer: CachedAnswer, epoch?: number): void;
  /**
   * How often `purge` and `purgeProvider` were called since the start. Who asks for an answer notes it as the call begins, and
   * puts the answer with it: what was under way during a purge must not come back after it.
   */
  epoch(): number;
  /** Removes entries, also those not persisted yet. Returns how many; when it resolves, none is found any more. Rejects when the disk fails. */
  purge(selection: PurgeSelection): Promise<number>;
  /** Removes what one provider answered, on all gateways of an account. As `purge`. */
  purgeProvider(accountId: string, provider: string): Promise<number>;
  stats(): AnswerCacheStats;
  /** Resolves when everything put is persisted, where the adapter persists, and all resources are free. */
  close(): Promise<void>;
}

export interface CacheKeyParts {
  accountId: string;
  /** The gateway's internal id. */
  gatewayKey: string;
  /** Whose answer it is: the client's own credential, or the name of the stored key in its place. */
  credential: string;
  method: string;
  provider: string;
  /** Path at the provider, with query. */
  endpoint: string;
  model: string;
  /** Null when the request has none. */
  body: Uint8Array | null;
  /** Takes the place of provider, endpoint, model and body. */
  customKey: string | null;
  /** What else changes the bytes of the answer, e.g. the accepted content codings. */
  variant?: string;
}

/**
 * The key of a request's answer: SHA-256 in 64 lower-case hex digits. Every part carries its length, so that no two
 * requests run together into one key. Account, gateway and credential are always in it.
 */
export function cacheKey(parts: CacheKeyParts): string {
  const { accountId, gatewayKey, credential, method, variant = '', customKey, provider, endpoint, model, body } = parts;
  const hasher = new Bun.CryptoHasher('sha256');
  const always = [accountId, gatewayKey, credential, method, variant];
  if (customKey !== null) return hasher.update(framed(['custom', ...always, customKey])).digest('hex');
  hasher.update(framed([body === null ? 'no body' : 'body', ...always, provider, endpoint, model]));
  // The rest of the input: it needs no length.
  if (body !== null) hasher.update(body);
  return hasher.digest('hex');
}

/** Netstrings: a length in UTF-16 units, then the text; whoever knows the count of parts can take them apart again. */
function framed(parts: string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}
