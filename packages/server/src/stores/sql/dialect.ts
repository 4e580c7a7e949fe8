import type { Database, SQLQueryBindings } from 'bun:sqlite';
import { type SqliteDatabase, SqliteDialect } from 'kysely';

/** Kysely's SQLite dialect on top of `bun:sqlite`, whose statements differ from better-sqlite3 in two details. */
export function bunSqliteDialect(database: Database): SqliteDialect {
  const adapter: SqliteDatabase = {
    close: () => database.close(),
    prepare(sql) {
      // A transaction that reads and then writes must not find, half-way, that another process wrote in between.
      const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql);
      const bind = (parameters: readonly unknown[]) => parameters as SQLQueryBindings[];
      return {
        reader: statement.columnNames.length > 0,
        all: (parameters) => statement.all(...bind(parameters)),
        run: (parameters) => statement.run(...bind(parameters)),
        iterate: (parameters) => statement.iterate(...bind(parameters)) as IterableIterator<unknown>,
      };
    },
  };
  return new SqliteDialect({ database: adapter });
}
