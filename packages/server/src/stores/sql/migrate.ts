import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export interface Migration {
  /** Ascending from 1, never reused. */
  number: number;
  name: string;
  /** Only adds: an older release of the same major version must still run on the result. */
  up(trx: Transaction<Tables>): Promise<void>;
}

/** The database can't be brought to this release's shape. The message is one line for the operator. */
export class MigrationError extends Error {}

export const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: 'accounts, entries, audit',
    async up(trx) {
      await trx.schema
        .createTable('accounts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .execute();
      await trx.schema
        .createTable('facts')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
      await trx.schema
        .createTable('entries')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('parent', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('sealed', 'text')
        .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('modified_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('entries_id', ['kind', 'id'])
        .addUniqueConstraint('entries_name', ['kind', 'account_id', 'parent', 'name'])
        .execute();
      await trx.schema.createIndex('entries_parent').on('entries').columns(['parent', 'kind']).execute();
      await trx.schema
        .createTable('audit')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('account_id', 'text', (column) => column.notNull())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('actor_kind', 'text', (column) => column.notNull())
        .addColumn('actor_id', 'text', (column) => column.notNull())
        .addColumn('actor_name', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('entry_id', 'text', (column) => column.notNull())
        .addColumn('entry_name', 'text', (column) => column.notNull())
        .addColumn('parent', 'text', (column) => column.notNull())
        .addColumn('before', 'text')
        .addColumn('after', 'text')
        .execute();
      await trx.schema.createIndex('audit_time').on('audit').columns(['account_id', 'at_ms']).execute();
      await trx.schema
        .createTable('removed_gateways')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];

/**
 * Applies what is missing, each migration in a transaction of its own: one that fails leaves the database as it was.
 * @throws MigrationError naming the migration; also when the database was made by a newer release.
 */
export async function migrate(db: Kysely<Tables>, nowMs: number, migrations = MIGRATIONS): Promise<void> {
  await db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at_ms', 'bigint', (column) => column.notNull())
    .execute();
  const { last } = await db
    .selectFrom('migrations')
    .select(sql<number>`coalesce(max(number), 0)`.as('last'))
    .executeTakeFirstOrThrow();
  const newest = migrations.at(-1)?.number ?? 0;
  if (last > newest) {
    throw new MigrationError(
      `The control database has migration ${last}; this release knows ${newest}. Run a newer release.`,
    );
  }
  for (const migration of migrations) {
    if (migration.number > last) await apply(db, migration, nowMs);
  }
}

async function apply(db: Kysely<Tables>, migration: Migration, nowMs: number): Promise<void> {
  const { number, name } = migration;
  try {
    await db.transaction().execute(async (trx) => {
      await migration.up(trx);
      await trx.insertInto('migrations').values({ number, name, applied_at_ms: nowMs }).execute();
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(`Migration ${number} (${name}) of the control database failed and was undone: ${reason}`, {
      cause,
    });
  }
}
