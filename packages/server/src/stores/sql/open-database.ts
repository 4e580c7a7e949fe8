import { Database, SQLiteError } from 'bun:sqlite';

/** The file is no database, or no sound one. The message says what is wrong with it. */
export class DamagedDatabase extends Error {
  override readonly name = 'DamagedDatabase';
}

/**
 * Opens a control database, or makes it.
 * @throws DamagedDatabase; whatever else SQLite says.
 */
export function openDatabase(file: string): Database {
  const database = new Database(file);
  try {
    database.run('PRAGMA busy_timeout = 5000');
    database.run('PRAGMA journal_mode = WAL');
    database.run('PRAGMA synchronous = FULL');
    // The whole check, indexes against tables: the configuration is read through an index, and what that one has lost
    // would be missing without a word. It takes 1 ms for 1,000 entries, a quarter of a second for 100,000.
    const [verdict] = database.query('PRAGMA integrity_check(1)').values().flat();
    if (verdict !== 'ok') throw new DamagedDatabase(String(verdict).replaceAll(/\s+/g, ' '));
    return database;
  } catch (error) {
    database.close();
    throw isDamage(error) ? new DamagedDatabase(error.message) : error;
  }
}

function isDamage(error: unknown): error is SQLiteError {
  return error instanceof SQLiteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code ?? '');
}
