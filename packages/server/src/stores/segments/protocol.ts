import type {
  LogChange,
  LogPage,
  LogQuery,
  LogRecord,
  LogRetention,
  LogSelection,
  LogSummary,
  LogSummaryQuery,
  StoredLog,
} from '../log-ports.ts';
import type { PlainRecord, PlainRecost } from './row-codec.ts';

/** What the main thread asks of the writer: argument and result of each operation. */
export interface WriterOps {
  open: { ask: { root: string; segmentRows: number; segmentSpanMs: number }; answer: null };
  append: { ask: AppendBatch; answer: AppendOutcome };
  patch: { ask: { gatewayKey: string; id: string; change: LogChange }; answer: LogRecord | null };
  recost: { ask: { gatewayKey: string; changes: PlainRecost[] }; answer: number };
  erase: { ask: { gatewayKey: string; segment: number; seqs: Float64Array }; answer: number };
  /** Null: rows have been added since, erase them one by one. */
  eraseSegment: { ask: { gatewayKey: string; segment: number; rowsEver: number }; answer: number | null };
  drop: { ask: { gatewayKey: string }; answer: null };
  setAside: { ask: { gatewayKey: string; segment: number; reason: string }; answer: null };
  close: { ask: null; answer: null };
}

/** What the writer tells on its own. */
export type WriterNews =
  | { news: 'damage'; file: string; reason: string }
  | { news: 'trouble'; error: string }
  /** A write succeeded after trouble. */
  | { news: 'recovered' };

/** Rows as one JSON array: a text is cheaper to make, and one is cheaper to post between threads, than a clone of objects. */
export interface AppendBatch {
  rows: string;
  arenas: Uint8Array[];
}

/** An item of that array. Bodies are places in the arenas, `[arena, start, end]`. */
export interface WireRow {
  record: PlainRecord;
  bodies: Places | null;
  retention: LogRetention | null;
}
export type Places = { request: Place | null; response: Place | null; responseText: Place | null };
export type Place = [arena: number, start: number, end: number];

export interface AppendOutcome {
  /** Rows given up after failing to be written again and again. */
  droppedRows: number;
}

/** What the main thread asks of the reader. */
export interface ReaderOps {
  open: { ask: { root: string }; answer: null };
  list: { ask: LogQuery; answer: Read<LogPage> };
  summarize: { ask: LogSummaryQuery; answer: Read<LogSummary[] | null> };
  get: { ask: { gatewayKey: string; id: string }; answer: Read<StoredLog | null> };
  /** Which rows a deletion takes. */
  collect: { ask: { selection: LogSelection; limit: number | null }; answer: Read<SelectedRows[]> };
  close: { ask: null; answer: null };
}

/** What the reader tells on its own: the bodies of a row can't be read. */
export type ReaderNews = { news: 'badBodies'; gatewayKey: string; id: string; reason: string };

/** Either the result, or the segment that was found damaged: to be set aside before asking again. */
export type Read<T> = { result: T } | { damaged: { segment: number; reason: string } };

export interface SelectedRows {
  segment: number;
  /** Ascending. */
  seqs: Float64Array;
  /** Rows ever stored in the segment when it was read; null when not all its rows were selected. */
  wholeAt: number | null;
}
