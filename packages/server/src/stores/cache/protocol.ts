import type { CachedAnswer } from '../cache-ports.ts';

/** What the main thread asks of the disk's thread: argument and result of each operation. */
export interface DiskOps {
  open: { ask: { file: string; maxBytes: number }; answer: { fingerprints: Float64Array; bytes: number } };
  write: { ask: WriteBatch; answer: Change };
  read: { ask: { key: string; nowMs: number }; answer: CachedAnswer | null };
  purge: { ask: Selection; answer: Change };
  /** Notes uses (keys and times in milliseconds) and removes what has expired. */
  tend: { ask: { uses: [key: string, usedAtMs: number][]; nowMs: number }; answer: Change };
  close: { ask: null; answer: null };
}

/** Told on its own, before the answer to the operation in which it happened: the file is gone, the tier is empty. */
export interface LossNews {
  /** What happened, after "the answer cache …". */
  line: string;
}

/** Entries as JSON and their bodies end to end in one buffer: cheaper to post between threads than a clone of objects. */
export interface WriteBatch {
  entries: string;
  arena: Uint8Array;
}

/** An entry without its body. */
export type EntryHead = Omit<CachedAnswer, 'body'>;

export type WireEntry = EntryHead & { key: string; bodyBytes: number };

export interface Change {
  /** Fingerprints of the entries that were removed. */
  gone: Float64Array;
  /** Space in use afterwards. */
  bytes: number;
}

/** Which entries: everything given must be equal. */
export interface Selection {
  accountId?: string;
  gatewayKey?: string;
  customKey?: string;
  model?: string;
  provider?: string;
}

export function isSelected(entry: EntryHead, selection: Selection): boolean {
  return Object.entries(selection).every(([field, value]) => entry[field as keyof Selection] === value);
}

/** The first 52 bits of a key: enough to know that an entry is not there, in the smallest thing a set can hold. */
export function fingerprint(key: string): number {
  return Number.parseInt(key.slice(0, 13), 16);
}
