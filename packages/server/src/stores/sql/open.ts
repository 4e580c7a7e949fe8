import type { Database } from 'bun:sqlite';
import { DEFAULT_GATEWAY_ID, DEFAULT_GATEWAY_SETTINGS, Refusal } from '@headgate/contract';
import { Kysely } from 'kysely';
import type { Clock, IdSource } from '../../lib/index.ts';
import type { ControlCollections, ControlStore } from '../control-ports.ts';
import type { ConfigSnapshot, GatewayPolicy } from '../snapshot-ports.ts';
import { listAudit } from './audit.ts';
import { type Change, decodeEntry, type Run, type Surroundings, sqlCollection } from './collection.ts';
import { bunSqliteDialect } from './dialect.ts';
import { collectionsOn, EVALUATIONS, REPRICES, TOKENS } from './kinds.ts';
import { checkMasterKey, readMasterKeyCheck } from './master-key-check.ts';
import { migrate } from './migrate.ts';
import { DamagedDatabase, openDatabase } from './open-database.ts';
import { LIVE_KINDS, SnapshotIndex } from './snapshot.ts';
import type { EntryRow, Tables } from './tables.ts';
import { ensureAdminToken, tokenStore } from './tokens.ts';
import { createVault } from './vault.ts';

export interface ControlStoreOptions {
  /** Database file, or `:memory:`. */
  file: string;
  clock: Clock;
  ids: IdSource;
  /** 32 bytes. */
  masterKey: Uint8Array;
  /** Made when it is missing. */
  accountId: string;
}

/** How often another process's changes (a token made at the command line) are looked for. */
const WATCH_MS = 500;

/**
 * Opens the control database and brings it to this release's shape.
 * @throws MigrationError when that fails, leaving it as it was; WrongMasterKey when it was made with another one;
 * DamagedDatabase.
 */
export async function openControlStore(options: ControlStoreOptions): Promise<ControlStore> {
  const { clock, ids } = options;
  const vault = createVault(options.masterKey);
  const database = openDatabase(options.file);
  const db = new Kysely<Tables>({ dialect: bunSqliteDialect(database) });
  let keyCheck: string;
  try {
    await migrate(db, clock.nowMs());
    keyCheck = await checkMasterKey(db, vault);
    await db
      .insertInto('accounts')
      .values({ id: options.accountId, created_at_ms: clock.nowMs() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const index = new SnapshotIndex(clock, vault);
  const load = async (source: Kysely<Tables>) => {
    const accounts = await source.selectFrom('accounts').select('id').execute();
    const rows = await source.selectFrom('entries').selectAll().where('kind', 'in', LIVE_KINDS).execute();
    // From here on nothing is awaited: a lookup sees the old view or the new one.
    index.clear();
    for (const { id } of accounts) index.accounts.add(id);
    for (const after of rows) readable(after, () => index.changed({ kind: after.kind, before: null, after }));
  };
  try {
    await load(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const run = transactions(db, keyCheck, (change) => index.changed(change));
  const around: Surroundings = { db, run, clock, ids, vault };
  const collections = collectionsOn(around);
  const tokens = sqlCollection(TOKENS, around);
  const unwatch = watch(database, clock, () => run(({ trx }) => load(trx)));
  const snapshot: ConfigSnapshot = {
    hasAccount: (accountId) => index.hasAccount(accountId),
    gateway: (accountId, gatewayId) => index.gateway(accountId, gatewayId),
    token: (value) => index.token(value),
    providerKeys: (gatewayKey, providerSlug) => index.providerKeys(gatewayKey, providerSlug),
    customProvider: (accountId, slug) => index.customProvider(accountId, slug),
    route: (gatewayKey, name) => index.route(gatewayKey, name),
    prices: (accountId) => index.prices(accountId),
    ensureDefaultGateway: (accountId) => ensureDefault(collections, index, accountId),
  };
  return {
    ...collections,
    tokens: tokenStore(tokens),
    snapshot,
    audit: (accountId, query) => listAudit(db, accountId, query),
    atomically: (work) =>
      run((session) => work(collectionsOn({ ...around, db: session.trx, run: (inner) => inner(session) }))),
    removedGateways: async () => {
      const rows = await db.selectFrom('removed_gateways').select('key').execute();
      return rows.map(({ key }) => key);
    },
    forgetGateway: (gatewayKey) =>
      run(async ({ trx }) => {
        await trx.deleteFrom('removed_gateways').where('key', '=', gatewayKey).execute();
      }),
    pendingEvaluations: async () => {
      const rows = await db.selectFrom('entries').selectAll().where('kind', '=', EVALUATIONS.kind).execute();
      const all = rows.map((row) => decodeEntry(EVALUATIONS, row, vault));
      return all.filter(({ data }) => !data.processed);
    },
    unfinishedReprices: async () => {
      const rows = await db.selectFrom('entries').selectAll().where('kind', '=', REPRICES.kind).execute();
      return rows.map((row) => decodeEntry(REPRICES, row, vault)).filter(({ data }) => data.state === 'running');
    },
    ensureAdminToken: (value) => ensureAdminToken(tokens, options.accountId, value),
    async close() {
      unwatch();
      await db.destroy();
    },
  };
}

/** No page is damaged, yet a row may be: a text has no checksum. A configuration without it would be another one. */
function readable({ kind, id }: EntryRow, read: () => void): void {
  try {
    read();
  } catch (error) {
    throw new DamagedDatabase(`${kind} ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Transactions one after the other; the changes of each reach the snapshot before the next one starts. None is begun
 * once the master key has been changed by another process: what it sealed could never be opened again.
 */
function transactions(db: Kysely<Tables>, keyCheck: string, apply: (change: Change) => void): Run {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(async () => {
      const changes: Change[] = [];
      const value = await db.transaction().execute(async (trx) => {
        if ((await readMasterKeyCheck(trx)) !== keyCheck) throw new Error('The master key was changed: start again');
        return work({ trx, changed: (change) => changes.push(change) });
      });
      for (const change of changes) apply(change);
      return value;
    });
    last = result.catch(() => undefined);
    return result;
  };
}

/** Calls `reload` when another process has written. */
function watch(database: Database, clock: Clock, reload: () => Promise<void>): () => void {
  const version = () => (database.query('PRAGMA data_version').get() as { data_version: number }).data_version;
  let seen = version();
  let closed = false;
  let cancel = clock.after(WATCH_MS, look);
  function again(): void {
    if (!closed) cancel = clock.after(WATCH_MS, look);
  }
  function look(): void {
    const now = version();
    if (now === seen) {
      again();
      return;
    }
    const loaded = () => {
      seen = now;
      again();
    };
    // Failed, e.g. because the other process holds the lock: the next look tries again.
    reload().then(loaded, again);
  }
  return () => {
    closed = true;
    cancel();
  };
}

async function ensureDefault(
  collections: ControlCollections,
  index: SnapshotIndex,
  accountId: string,
): Promise<GatewayPolicy> {
  const known = index.gateway(accountId, DEFAULT_GATEWAY_ID);
  if (known !== null) return known;
  try {
    await collections.gateways.create(
      { accountId, parent: '' },
      { name: DEFAULT_GATEWAY_ID, data: DEFAULT_GATEWAY_SETTINGS },
      { actor: { kind: 'system', id: 'first-call', name: 'first authenticated call' } },
    );
  } catch (error) {
    // Two first calls at once: the other one has made it.
    if (!(error instanceof Refusal && error.kind === 'apiConflict')) throw error;
  }
  const made = index.gateway(accountId, DEFAULT_GATEWAY_ID);
  if (made === null) throw new Error('The default gateway was deleted while it was made');
  return made;
}
