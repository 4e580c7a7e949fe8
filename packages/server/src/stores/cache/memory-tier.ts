import { type CachedAnswer, MAX_CACHED_BODY_BYTES } from '../cache-ports.ts';
import { isSelected, type Selection } from './protocol.ts';

/** What an entry takes beside its body and headers, roughly: objects, key, slot. */
const ENTRY_OVERHEAD_BYTES = 512;

/** Entries in memory up to a number of bytes; the least recently used goes first. */
export class MemoryTier {
  /** Least recently used first. */
  readonly #entries = new Map<string, CachedAnswer>();
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): CachedAnswer | null {
    const answer = this.#entries.get(key);
    if (answer === undefined) return null;
    if (answer.expiresAtMs <= nowMs) {
      this.#remove(key, answer);
      return null;
    }
    this.#entries.delete(key);
    this.#entries.set(key, answer);
    return answer;
  }

  put(key: string, answer: CachedAnswer): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    const bytes = entryBytes(answer);
    if (bytes > this.maxBytes) return;
    this.#entries.set(key, answer);
    this.#bytes += bytes;
    for (const [oldest, unused] of this.#entries) {
      if (this.#bytes <= this.maxBytes) break;
      this.#remove(oldest, unused);
    }
  }

  /** Removes the selected entries and gives their keys. */
  purge(selection: Selection): string[] {
    const selected = [...this.#entries].filter(([, answer]) => isSelected(answer, selection));
    for (const [key, answer] of selected) this.#remove(key, answer);
    return selected.map(([key]) => key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string, answer: CachedAnswer): void {
    this.#entries.delete(key);
    this.#bytes -= entryBytes(answer);
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
