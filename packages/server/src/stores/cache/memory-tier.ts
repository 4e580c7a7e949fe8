import { type CachedAnswer, MAX_CACHED_BODY_BYTES } from '../cache-ports.ts';
import { type EntryHead, isSelected, type Selection } from './protocol.ts';

/** What an entry takes beside its body and headers, roughly: objects, key, slot. */
const ENTRY_OVERHEAD_BYTES = 512;

/** Bytes of a slab, and the part of it that a body may take which stands in one. */
const SLAB_BYTES = 256 * 1024;
const MOST_OF_SLAB = 1 / 16;
/** A slab is no larger than this part of the whole. */
const MOST_OF_ALL = 1 / 64;
/** Below this part of living bytes a slab is sparse: what is used in it moves out, so that it can go. */
const SPARSE = 1 / 2;

/** Many bodies end to end in one buffer. It is written once and never again: readers may hold views on it. */
interface Slab {
  readonly bytes: Uint8Array;
  used: number;
  live: number;
}

interface Entry extends EntryHead {
  readonly key: string;
  /** A body of its own buffer, or where it stands. */
  body: Uint8Array | null;
  slab: Slab | null;
  start: number;
  readonly length: number;
  /** Used before and after this one. */
  older: Entry | null;
  newer: Entry | null;
}

/**
 * Entries in memory up to a number of bytes; the least recently used goes first. The order is a list of its own: a map
 * whose front is deleted again and again has to pass over what was there each time it is asked for its first entry. Small
 * bodies share buffers, since the collector looks at every buffer there is.
 */
export class MemoryTier {
  readonly #entries = new Map<string, Entry>();
  readonly #slabBytes: number;
  #slab: Slab | null = null;
  #oldest: Entry | null = null;
  #newest: Entry | null = null;
  #bytes = 0;

  constructor(readonly maxBytes: number) {
    this.#slabBytes = Math.min(SLAB_BYTES, Math.floor(maxBytes * MOST_OF_ALL));
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): CachedAnswer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.expiresAtMs <= nowMs) {
      this.#remove(entry);
      return null;
    }
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    const answer = answerOf(entry);
    const { slab } = entry;
    if (slab !== null && slab !== this.#slab && slab.live < slab.bytes.byteLength * SPARSE) {
      this.#release(entry);
      this.#place(entry, answer.body);
      this.#makeRoom();
    }
    return answer;
  }

  put(key: string, answer: CachedAnswer): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(old);
    if (entryBytes(answer) > this.maxBytes) return;
    const entry = entryOf(key, answer);
    this.#entries.set(key, entry);
    this.#bytes += ownBytes(entry);
    this.#place(entry, answer.body);
    this.#link(entry);
    this.#makeRoom();
  }

  /** Removes the selected entries and gives their keys. */
  purge(selection: Selection): string[] {
    const selected = [...this.#entries.values()].filter((entry) => isSelected(entry, selection));
    for (const entry of selected) this.#remove(entry);
    return selected.map(({ key }) => key);
  }

  clear(): void {
    this.#entries.clear();
    this.#slab = null;
    this.#oldest = null;
    this.#newest = null;
    this.#bytes = 0;
  }

  #makeRoom(): void {
    while (this.#bytes > this.maxBytes && this.#oldest !== null) this.#remove(this.#oldest);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#unlink(entry);
    this.#release(entry);
    this.#bytes -= ownBytes(entry);
  }

  /** Finds a place for the body, in a slab where it is small. A slab counts as a whole, from its first body to its last. */
  #place(entry: Entry, body: Uint8Array): void {
    if (body.byteLength === 0 || body.byteLength > this.#slabBytes * MOST_OF_SLAB) {
      entry.body = body;
      this.#bytes += body.byteLength;
      return;
    }
    let slab = this.#slab;
    if (slab === null || slab.used + body.byteLength > slab.bytes.byteLength) {
      this.#leave(slab);
      slab = { bytes: new Uint8Array(this.#slabBytes), used: 0, live: 0 };
      this.#slab = slab;
      this.#bytes += slab.bytes.byteLength;
    }
    slab.bytes.set(body, slab.used);
    entry.slab = slab;
    entry.start = slab.used;
    slab.used += body.byteLength;
    slab.live += body.byteLength;
  }

  #release(entry: Entry): void {
    const { slab, body, length } = entry;
    entry.slab = null;
    entry.body = null;
    if (body !== null) this.#bytes -= length;
    if (slab === null) return;
    slab.live -= length;
    if (slab !== this.#slab) this.#leave(slab);
  }

  /** A slab that takes no more bodies goes with its last one. */
  #leave(slab: Slab | null): void {
    if (slab?.live === 0) this.#bytes -= slab.bytes.byteLength;
  }

  /** As the one used last. */
  #link(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }
}

function entryOf(key: string, answer: CachedAnswer): Entry {
  const { status, headers, storedAtMs, expiresAtMs, gatewayKey, accountId, provider, model, customKey } = answer;
  return {
    key,
    status,
    headers,
    storedAtMs,
    expiresAtMs,
    gatewayKey,
    accountId,
    provider,
    model,
    customKey,
    body: null,
    slab: null,
    start: 0,
    length: answer.body.byteLength,
    older: null,
    newer: null,
  };
}

function answerOf(entry: Entry): CachedAnswer {
  const { status, headers, storedAtMs, expiresAtMs, gatewayKey, accountId, provider, model, customKey } = entry;
  const { body, slab, start, length } = entry;
  const bytes = body ?? slab?.bytes.subarray(start, start + length) ?? new Uint8Array(0);
  return { status, headers, body: bytes, storedAtMs, expiresAtMs, gatewayKey, accountId, provider, model, customKey };
}

/** What an entry takes beside its body. */
function ownBytes({ headers }: Pick<CachedAnswer, 'headers'>): number {
  return headers.length + ENTRY_OVERHEAD_BYTES;
}

/** What an entry counts for, in bytes. */
export function entryBytes({ body, headers }: CachedAnswer): number {
  return body.byteLength + ownBytes({ headers });
}

/** The entry as it may be kept, or null when its body is too large. A small view must not keep a large buffer alive. */
export function keepable(answer: CachedAnswer): CachedAnswer | null {
  const { body } = answer;
  if (body.byteLength > MAX_CACHED_BODY_BYTES) return null;
  return body.byteLength === body.buffer.byteLength ? answer : { ...answer, body: body.slice() };
}
