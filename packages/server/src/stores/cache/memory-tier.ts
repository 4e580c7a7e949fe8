import { type CachedAnswer, MAX_CACHED_BODY_BYTES } from '../cache-ports.ts';
import { isSelected, type Selection } from './protocol.ts';

/** What an entry takes beside its body and headers, roughly: objects, key, slot. */
const ENTRY_OVERHEAD_BYTES = 512;

interface Entry {
  readonly key: string;
  readonly answer: CachedAnswer;
  readonly bytes: number;
  /** Used before and after this one. */
  older: Entry | null;
  newer: Entry | null;
}

/**
 * Entries in memory up to a number of bytes; the least recently used goes first. The order is a list of its own: a map
 * whose front is deleted again and again has to pass over what was there each time it is asked for its first entry.
 */
export class MemoryTier {
  readonly #entries = new Map<string, Entry>();
  #oldest: Entry | null = null;
  #newest: Entry | null = null;
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): CachedAnswer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.answer.expiresAtMs <= nowMs) {
      this.#remove(entry);
      return null;
    }
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry.answer;
  }

  put(key: string, answer: CachedAnswer): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(old);
    const bytes = entryBytes(answer);
    if (bytes > this.maxBytes) return;
    const entry: Entry = { key, answer, bytes, older: null, newer: null };
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    this.#link(entry);
    while (this.#bytes > this.maxBytes && this.#oldest !== null) this.#remove(this.#oldest);
  }

  /** Removes the selected entries and gives their keys. */
  purge(selection: Selection): string[] {
    const selected = [...this.#entries.values()].filter(({ answer }) => isSelected(answer, selection));
    for (const entry of selected) this.#remove(entry);
    return selected.map(({ key }) => key);
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = null;
    this.#newest = null;
    this.#bytes = 0;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#unlink(entry);
    this.#bytes -= entry.bytes;
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

/** What an entry counts for, in bytes. */
export function entryBytes({ body, headers }: CachedAnswer): number {
  return body.byteLength + headers.length + ENTRY_OVERHEAD_BYTES;
}

/** The entry as it may be kept, or null when its body is too large. A small view must not keep a large buffer alive. */
export function keepable(answer: CachedAnswer): CachedAnswer | null {
  const { body } = answer;
  if (body.byteLength > MAX_CACHED_BODY_BYTES) return null;
  return body.byteLength === body.buffer.byteLength ? answer : { ...answer, body: body.slice() };
}
