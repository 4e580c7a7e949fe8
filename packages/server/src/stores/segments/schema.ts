import { renameSync, rmSync } from 'node:fs';
import { Database } from 'bun:sqlite';
import { DamagedSegment } from './damage.ts';
import type { StoredRow } from './row-codec.ts';

/**
 * One segment file. `rows` is the truth; `chunks` and `columns` repeat what filters and orders need, by column and
 * compressed, so that a scan of millions of rows reads a few bytes of each. A chunk is a fixed range of `seq`; one
 * without an entry in `chunks` is read from `rows` (the newest, not yet full, and the one that retention eats).
 * `origin`, `ending` and `bill` hold the combinations of fields with few values, once each. `cache_read`, `cache_write` and
 * `reasoning` repeat counters of `usage`. The tables `rollup…` hold sums by hour: see `rollup-writer.ts`.
 */
const SCHEMA = `
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  gateway TEXT NOT NULL,
  chunk_rows INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  next_seq INTEGER NOT NULL,
  next_chunk INTEGER NOT NULL,
  first_created INTEGER
);
CREATE TABLE rows (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  event TEXT,
  origin INTEGER NOT NULL,
  ending INTEGER NOT NULL,
  bill INTEGER NOT NULL,
  bill_numbers TEXT,
  created INTEGER NOT NULL,
  duration INTEGER,
  latency INTEGER,
  request_size INTEGER,
  response_size INTEGER,
  tokens_in INTEGER,
  tokens_out INTEGER,
  cache_read INTEGER,
  cache_write INTEGER,
  reasoning INTEGER,
  cost INTEGER,
  saved INTEGER,
  feedback INTEGER,
  score INTEGER,
  metadata TEXT,
  usage TEXT,
  stages TEXT,
  error TEXT
);
CREATE INDEX rows_by_id ON rows (id);
CREATE TABLE bodies (seq INTEGER PRIMARY KEY, request BLOB, response BLOB, response_text BLOB);
CREATE TABLE origin (n INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE ending (n INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE bill (n INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE chunks (chunk INTEGER PRIMARY KEY, rows INTEGER NOT NULL, zones TEXT NOT NULL);
CREATE TABLE columns (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE rollup_groups (n INTEGER PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE rollups (key INTEGER PRIMARY KEY, sums BLOB NOT NULL, times BLOB NOT NULL);
CREATE TABLE rollup_changes (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
`;

/** Columns of `rows` in the order of the table, but for `seq`, which is the first. */
export const ROW_COLUMNS = [
  'id',
  'event',
  'origin',
  'ending',
  'bill',
  'bill_numbers',
  'created',
  'duration',
  'latency',
  'request_size',
  'response_size',
  'tokens_in',
  'tokens_out',
  'cache_read',
  'cache_write',
  'reasoning',
  'cost',
  'saved',
  'feedback',
  'score',
  'metadata',
  'usage',
  'stages',
  'error',
] as const satisfies readonly (keyof StoredRow)[];
/** Takes `seq` and the columns by position: binding by name takes longer than the rest of the statement. */
export const INSERT_ROW = `INSERT INTO rows VALUES (?, ${ROW_COLUMNS.map((column) =>
  isMoney(column) ? 'CAST(? AS INTEGER)' : '?',
).join(', ')})`;
export const INSERT_BODIES = 'INSERT INTO bodies VALUES (?, ?, ?, ?)';

/** Reads one `StoredRow` by `seq`. Money as text, which holds all 64 bits. */
export const SELECT_ROW = `SELECT seq, ${ROW_COLUMNS.map((column) =>
  isMoney(column) ? `CAST(${column} AS TEXT) AS ${column}` : column,
).join(', ')} FROM rows WHERE seq = ?`;

function isMoney(column: (typeof ROW_COLUMNS)[number]): boolean {
  return column === 'cost' || column === 'saved';
}

/** "HGLS", in the file header, so that a stray database is not taken for a segment. */
export const APPLICATION_ID = 0x48474c53;
export const SCHEMA_VERSION = 2;
/** How long a statement waits for a lock of the other thread, in milliseconds; only opening and recovery take any. */
export const BUSY_MS = 5000;

/** Creates an empty segment. It appears under its name only when it is complete, so a reader never sees half of one. */
export function createSegment(path: string, gatewayKey: string, chunkRows: number): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const db = new Database(draft, { create: true, readwrite: true });
  try {
    db.run('PRAGMA journal_mode = WAL');
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.transaction(() => {
      db.run(SCHEMA);
      db.run('INSERT INTO meta VALUES (1, ?, ?, 0, 0, 0, NULL)', [gatewayKey, chunkRows]);
      db.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    })();
  } finally {
    db.close();
  }
  renameSync(draft, path);
}

/**
 * Opens an existing segment. The reader opens it writable too, since WAL needs that, but may not change it.
 * @throws DamagedSegment when it is none of ours or of another version.
 */
export function openSegment(path: string, use: 'read' | 'write'): Database {
  const db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    const { user_version } = db.query<{ user_version: number }, []>('PRAGMA user_version').get() ?? {};
    if (user_version !== SCHEMA_VERSION) throw new DamagedSegment(`schema version ${user_version}`);
    if (use === 'read') {
      db.run('PRAGMA query_only = ON');
    } else {
      // A commit in the WAL survives the death of the process without a sync; only checkpoints sync.
      db.run('PRAGMA synchronous = NORMAL');
      db.run('PRAGMA wal_autocheckpoint = 2000');
      db.run(`PRAGMA journal_size_limit = ${16 * 1024 * 1024}`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
