/** The tables of the cache's file, and what says that a file is none or is damaged. */
import { type Database, SQLiteError } from 'bun:sqlite';

/** The file can't be what was written. */
export class DamagedCache extends Error {}

/** "HGAC", in the file header, so that a stray database is not taken for a cache. */
const APPLICATION_ID = 0x48474143;
const SCHEMA_VERSION = 2;

/**
 * Keys have no index: each new one would change a page of it somewhere, which is most of what a write costs. The file's
 * owner knows by fingerprint where each entry stands, and compares the key when it has read the row.
 * Bodies stand apart, so that eviction and purges read small rows only; the trigger keeps the two together.
 */
const SCHEMA = `
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  used INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  gateway_key TEXT NOT NULL,
  account TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  custom_key TEXT,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE INDEX entries_by_use ON entries (used);
CREATE INDEX entries_by_expiry ON entries (expires);
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TRIGGER entry_deleted AFTER DELETE ON entries BEGIN DELETE FROM bodies WHERE id = OLD.id; END;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Makes the tables in a new file. @throws DamagedCache where the file is another's or of another version. */
export function prepare(db: Database): void {
  // The server's directory has a lock of its own; this one keeps out everyone who goes round it.
  db.run('PRAGMA locking_mode = EXCLUSIVE');
  db.run('PRAGMA page_size = 8192');
  db.run('PRAGMA journal_mode = WAL');
  // A commit survives the death of the process without a sync; only checkpoints sync.
  db.run('PRAGMA synchronous = NORMAL');
  db.run(`PRAGMA journal_size_limit = ${16 * 1024 * 1024}`);
  // Deleting by REPLACE must run the trigger too.
  db.run('PRAGMA recursive_triggers = ON');
  const { application_id } = present(db.query<{ application_id: number }, []>('PRAGMA application_id').get());
  const { user_version } = present(db.query<{ user_version: number }, []>('PRAGMA user_version').get());
  const { tables } = present(db.query<{ tables: number }, []>('SELECT count(*) AS tables FROM sqlite_master').get());
  if (tables === 0 && user_version === 0) db.transaction(() => db.run(SCHEMA))();
  else if (application_id !== APPLICATION_ID) throw new DamagedCache('it is not an answer cache');
  else if (user_version !== SCHEMA_VERSION) throw new DamagedCache(`its schema has version ${user_version}`);
}

/** Why `error` means that the file itself is bad, or null when it is some other failure, e.g. a full disk. */
export function damageIn(error: unknown): string | null {
  if (error instanceof DamagedCache) return error.message;
  if (!(error instanceof SQLiteError)) return null;
  const schemaIsGone = error.code === 'SQLITE_ERROR' && /no such (table|column)/.test(error.message);
  return /^SQLITE_(CORRUPT|NOTADB)/.test(error.code ?? '') || schemaIsGone ? error.message : null;
}

/** What must be there. @throws DamagedCache */
export function present<T>(row: T | null): T {
  if (row === null) throw new DamagedCache('a row that must be there is missing');
  return row;
}
