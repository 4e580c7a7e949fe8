import { Database } from 'bun:sqlite';
import { Kysely } from 'kysely';
import { sealContext } from './collection.ts';
import { bunSqliteDialect } from './dialect.ts';
import { MASTER_KEY_CHECK } from './master-key-check.ts';
import type { Tables } from './tables.ts';
import { rewrapper } from './vault.ts';

export interface MasterKeyChange {
  /** An existing control database of this release's shape. */
  file: string;
  /** 32 bytes each. */
  from: Uint8Array;
  to: Uint8Array;
}

/**
 * Wraps the data key of every encrypted record anew, in one transaction: the database opens with the one master key or
 * with the other, never with none. Returns how many records there were.
 * @throws when `from` is not the database's key; nothing has changed then.
 */
export async function rotateMasterKey({ file, from, to }: MasterKeyChange): Promise<number> {
  const database = new Database(file, { readwrite: true });
  database.run('PRAGMA synchronous = FULL');
  database.run('PRAGMA busy_timeout = 5000');
  // What the old key opens must not stay behind in free pages.
  database.run('PRAGMA secure_delete = ON');
  const db = new Kysely<Tables>({ dialect: bunSqliteDialect(database) });
  const rewrap = rewrapper(from, to);
  try {
    const count = await db.transaction().execute(async (trx) => {
      const check = await trx
        .selectFrom('facts')
        .select('value')
        .where('name', '=', MASTER_KEY_CHECK)
        .executeTakeFirst();
      if (check === undefined) throw new Error('The control database has no master key');
      await trx
        .updateTable('facts')
        .set({ value: rewrap(check.value, MASTER_KEY_CHECK) })
        .where('name', '=', MASTER_KEY_CHECK)
        .execute();
      const rows = await trx
        .selectFrom('entries')
        .select(['kind', 'id', 'sealed'])
        .where('sealed', 'is not', null)
        .execute();
      for (const { kind, id, sealed } of rows) {
        await trx
          .updateTable('entries')
          .set({ sealed: rewrap(sealed ?? '', sealContext(kind, id)) })
          .where('kind', '=', kind)
          .where('id', '=', id)
          .execute();
      }
      return rows.length;
    });
    // Nor in the write-ahead log.
    database.run('PRAGMA wal_checkpoint(TRUNCATE)');
    return count;
  } finally {
    await db.destroy();
  }
}
