import { Database, SQLiteError } from 'bun:sqlite';
import type { WindowTechnique } from '../counter-ports.ts';
import type { Counter } from './counter.ts';

/** Times whose amounts changed, or everything. */
export type Changes = ReadonlySet<number> | 'all';

export interface StoredEntry {
  key: string;
  technique: WindowTechnique;
  intervalMs: number;
  atMs: number;
  amount: bigint;
}

interface EntryRow {
  key: string;
  technique: string;
  interval_ms: number;
  at_ms: number;
  amount: string;
}

class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/** The file says that it is no database, or no sound one. */
export function isDamage(error: unknown): boolean {
  if (error instanceof SQLiteError) return error.code === 'SQLITE_CORRUPT' || error.code === 'SQLITE_NOTADB';
  return error instanceof DamagedFile;
}

/** The counters' file. Amounts are decimal text: money in pico-dollars can outgrow 64 bits. */
export class CounterTables {
  readonly #db: Database;
  readonly #statements;

  /** @throws an error for which `isDamage` holds, or that the file cannot be opened. */
  constructor(file: string) {
    this.#db = new Database(file);
    try {
      this.#db.run('PRAGMA journal_mode = WAL');
      // A power cut may cost the last batches, never the file; a killed process costs nothing that was written.
      this.#db.run('PRAGMA synchronous = NORMAL');
      this.#db.run('PRAGMA busy_timeout = 5000');
      const verdict = this.#db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()?.quick_check;
      if (verdict !== 'ok') throw new DamagedFile(verdict);
      this.#db.run(`CREATE TABLE IF NOT EXISTS counters (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, technique TEXT NOT NULL, interval_ms INTEGER NOT NULL)`);
      this.#db.run(`CREATE TABLE IF NOT EXISTS entries (
        counter INTEGER NOT NULL, at_ms INTEGER NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (counter, at_ms)) WITHOUT ROWID`);
      this.#statements = this.#prepare();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** What still counts, by counter, oldest first; the rest is deleted. */
  *load(nowMs: number): Generator<StoredEntry> {
    this.#db.run('DELETE FROM entries WHERE at_ms + (SELECT interval_ms FROM counters WHERE id = counter) <= ?', [
      nowMs,
    ]);
    this.#db.run('DELETE FROM counters WHERE id NOT IN (SELECT counter FROM entries)');
    const rows = this.#db.query<EntryRow, []>(
      'SELECT key, technique, interval_ms, at_ms, amount FROM entries JOIN counters ON id = counter ORDER BY counter, at_ms',
    );
    for (const row of rows.iterate()) {
      yield {
        key: row.key,
        technique: row.technique === 'fixed' ? 'fixed' : 'sliding',
        intervalMs: row.interval_ms,
        atMs: row.at_ms,
        amount: BigInt(row.amount),
      };
    }
  }

  /** Writes one batch, all or nothing. */
  write(dropped: ReadonlySet<string>, changes: ReadonlyMap<Counter, Changes>): void {
    this.#db.transaction(() => {
      for (const key of dropped) {
        this.#statements.dropEntries.run(key);
        this.#statements.dropCounter.run(key);
      }
      for (const [counter, times] of changes) this.#writeCounter(counter, times);
    })();
  }

  close(): void {
    this.#db.close();
  }

  #writeCounter(counter: Counter, times: Changes): void {
    const { upsertCounter, deleteEntries, deleteExpired, deleteEntry, upsertEntry } = this.#statements;
    const stored = upsertCounter.get(counter.key, counter.technique, counter.intervalMs);
    if (stored === null) throw new Error(`counter ${counter.key} was not stored`);
    const { id } = stored;
    if (times === 'all') {
      deleteEntries.run(id);
      for (const [atMs, amount] of counter.entries()) if (amount > 0n) upsertEntry.run(id, atMs, String(amount));
      return;
    }
    if (counter.firstMs !== undefined) deleteExpired.run(id, counter.firstMs);
    for (const atMs of times) {
      const amount = counter.amountAt(atMs);
      if (amount > 0n) upsertEntry.run(id, atMs, String(amount));
      else deleteEntry.run(id, atMs);
    }
  }

  #prepare() {
    const db = this.#db;
    return {
      upsertCounter: db.query<{ id: number }, [string, string, number]>(
        `INSERT INTO counters (key, technique, interval_ms) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET technique = excluded.technique, interval_ms = excluded.interval_ms RETURNING id`,
      ),
      dropEntries: db.query<null, [string]>(
        'DELETE FROM entries WHERE counter = (SELECT id FROM counters WHERE key = ?)',
      ),
      dropCounter: db.query<null, [string]>('DELETE FROM counters WHERE key = ?'),
      deleteEntries: db.query<null, [number]>('DELETE FROM entries WHERE counter = ?'),
      deleteExpired: db.query<null, [number, number]>('DELETE FROM entries WHERE counter = ? AND at_ms < ?'),
      deleteEntry: db.query<null, [number, number]>('DELETE FROM entries WHERE counter = ? AND at_ms = ?'),
      upsertEntry: db.query<null, [number, number, string]>(
        'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = excluded.amount',
      ),
    };
  }
}
