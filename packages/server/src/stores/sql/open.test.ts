import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_GATEWAY_SETTINGS } from '@headgate/contract';
import { Kysely } from 'kysely';
import { checkpoint, damageTree, forgeTree, treesIn } from '../../../../../test/support/damage.ts';
import { FakeClock } from '../../../../../test/support/fake-clock.ts';
import { hashToken, uuidV7Source } from '../../lib/index.ts';
import type { ControlStore } from '../control-ports.ts';
import { bunSqliteDialect } from './dialect.ts';
import { MIGRATIONS, type Migration, migrate } from './migrate.ts';
import { openControlStore } from './open.ts';
import { DamagedDatabase } from './open-database.ts';
import type { Tables } from './tables.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'headgate-control-'));
  cleanups.push(() => rmSync(path, { recursive: true }));
  return path;
}

async function open(file = ':memory:', clock = new FakeClock(), key = 7): Promise<ControlStore> {
  const masterKey = new Uint8Array(32).fill(key);
  const store = await openControlStore({ file, clock, ids: uuidV7Source(), masterKey, accountId: 'acme' });
  cleanups.push(() => store.close());
  return store;
}

const scope = { accountId: 'acme', parent: '' };
const write = { actor: { kind: 'system', id: 'test', name: 'test' } } as const;
const settings = {
  ...DEFAULT_GATEWAY_SETTINGS,
  stripe: { authorization: 'canary-stripe', usage_events: [] },
  otel: [
    { url: 'https://a.example/', headers: {} },
    { url: 'https://b.example/', headers: {}, authorization: 'canary-otel' },
  ],
};

describe('the control store', () => {
  test('reads everything back after it was closed and opened again', async () => {
    const file = join(directory(), 'control.db');
    const first = await open(file);
    const gateway = await first.gateways.create(scope, { name: 'g', data: settings }, write);
    const { value } = await first.tokens.create('acme', { name: 't', permissions: ['run'], gateways: ['g'] });
    await first.close();
    const second = await open(file);
    expect(await second.gateways.get(scope, gateway.id)).toEqual(gateway);
    expect(second.snapshot.gateway('acme', 'g')?.key).toBe(gateway.id);
    expect(second.snapshot.token(value)).toMatchObject({ accountId: 'acme', permissions: new Set(['run']) });
    expect([second.snapshot.hasAccount('acme'), second.snapshot.hasAccount('other')]).toEqual([true, false]);
  });

  test('keeps no secret, no token value and no hash of one in its files', async () => {
    const path = directory();
    const store = await open(join(path, 'control.db'));
    const { id } = await store.gateways.create(scope, { name: 'g', data: settings }, write);
    await store.gateways.update(scope, id, { ...write, to: ({ data }) => ({ data: { ...data, zdr: true } }) });
    const { value } = await store.tokens.create('acme', { name: 't', permissions: ['run'], gateways: null });
    for (const file of ['control.db', 'control.db-wal']) {
      const text = readFileSync(join(path, file), 'latin1');
      for (const secret of ['canary-stripe', 'canary-otel', value, hashToken(value)])
        expect(text.includes(secret)).toBe(false);
    }
    expect((await store.gateways.get(scope, id))?.data).toEqual({ ...settings, zdr: true });
  });

  test('another master key is refused at once, in one clear line', async () => {
    const file = join(directory(), 'control.db');
    await (await open(file)).close();
    await expect(open(file, new FakeClock(), 8)).rejects.toThrow('The master key is not the one');
    await expect(open(file, new FakeClock(), 7)).resolves.toBeDefined();
  });

  test('sees what another process wrote, at the next look', async () => {
    const file = join(directory(), 'control.db');
    const clock = new FakeClock();
    const server = await open(file, clock);
    const commandLine = await open(file);
    const { value, token } = await commandLine.tokens.create('acme', {
      name: 't',
      permissions: ['run'],
      gateways: null,
    });
    expect(server.snapshot.token(value)).toBeNull();
    clock.advance(500);
    await clock.whenPending();
    expect(server.snapshot.token(value)).toMatchObject({ id: token.id });
    await commandLine.tokens.delete('acme', token.id);
    clock.advance(500);
    await clock.whenPending();
    expect(server.snapshot.token(value)).toBeNull();
  });

  test('a taken name is a conflict and changes nothing', async () => {
    const store = await open();
    const entry = await store.gateways.create(scope, { name: 'g', data: settings }, write);
    await expect(store.gateways.create(scope, { name: 'g', data: settings }, write)).rejects.toMatchObject({
      kind: 'apiConflict',
    });
    expect(await store.gateways.list(scope, { page: 1, perPage: 9 })).toEqual({ items: [entry], totalCount: 1 });
  });

  test('a write that builds on another version is refused', async () => {
    const store = await open();
    const { id, version } = await store.gateways.create(scope, { name: 'g', data: settings }, write);
    const change = (...versions: string[]) =>
      store.gateways.update(scope, id, { ...write, versions, to: ({ data }) => ({ data }) });
    expect((await change('other', version))?.version).not.toBe(version);
    await expect(change(version)).rejects.toMatchObject({ kind: 'apiPreconditionFailed' });
    await expect(store.gateways.remove(scope, id, { ...write, versions: [version] })).rejects.toMatchObject({
      kind: 'apiPreconditionFailed',
    });
  });

  test('writes done as one leave nothing when one of them fails, in the view neither', async () => {
    const store = await open();
    const failing = store.atomically(async ({ gateways }) => {
      await gateways.create(scope, { name: 'a', data: settings }, write);
      await gateways.create(scope, { name: 'b', data: settings }, write);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await store.gateways.list(scope, { page: 1, perPage: 9 })).totalCount).toBe(0);
    expect(store.snapshot.gateway('acme', 'a')).toBeNull();
    await store.gateways.create(scope, { name: 'a', data: settings }, write);
    expect(store.snapshot.gateway('acme', 'a')).not.toBeNull();
  });

  test('lists in pages, by creation, or as asked', async () => {
    const clock = new FakeClock();
    const store = await open(':memory:', clock);
    for (const name of ['b', 'c', 'a']) {
      await store.gateways.create(scope, { name, data: settings }, write);
      clock.advance(1);
    }
    const list = async (query: Omit<Parameters<typeof store.gateways.list>[1], 'page' | 'perPage'>, page = 1) => {
      const { items, totalCount } = await store.gateways.list(scope, { ...query, page, perPage: 2 });
      return [items.map((entry) => entry.name).join(), totalCount];
    };
    expect(await list({})).toEqual(['b,c', 3]);
    expect(await list({}, 2)).toEqual(['a', 3]);
    expect(await list({ match: ({ name }) => name !== 'b' })).toEqual(['c,a', 2]);
    expect(await list({ compare: (x, y) => (x.name < y.name ? -1 : 1) })).toEqual(['a,b', 3]);
  });
});

describe('a damaged file is refused as such', () => {
  test('whichever table or index it is, and is left as it is', async () => {
    const path = directory();
    const [sound, file] = [join(path, 'sound.db'), join(path, 'control.db')];
    const store = await open(sound);
    await store.gateways.create(scope, { name: 'g', data: settings }, write);
    await store.close();
    const trees = treesIn(sound);
    expect(trees).toContain('entries');
    for (const tree of trees) {
      copyFileSync(sound, file);
      damageTree(file, tree);
      const damaged = readFileSync(file);
      const error = await open(file).catch((thrown: unknown) => thrown);
      expect([tree, error]).toEqual([tree, expect.any(DamagedDatabase)]);
      expect(readFileSync(file).equals(damaged)).toBe(true);
    }
  });

  test('an index that disagrees with its table', async () => {
    const file = join(directory(), 'control.db');
    const store = await open(file);
    await store.gateways.create(scope, { name: 'one-name', data: settings }, write);
    await store.close();
    forgeTree(file, 'sqlite_autoindex_entries_2', ['one-name', 'one-mane']);
    await expect(open(file)).rejects.toBeInstanceOf(DamagedDatabase);
  });

  test('a row that cannot be read', async () => {
    const file = join(directory(), 'control.db');
    const store = await open(file);
    await store.gateways.create(scope, { name: 'g', data: settings }, write);
    await store.close();
    forgeTree(file, 'entries', ['"zdr":', '"zdr"!']);
    await expect(open(file)).rejects.toThrow(/^gateway \S+: /);
  });

  test.each([
    ['no database at all', Buffer.from('no database '.repeat(2000))],
    ['the first page alone', null],
  ])('%s', async (_, content) => {
    const file = join(directory(), 'control.db');
    await (await open(file)).close();
    checkpoint(file);
    if (content === null) truncateSync(file, 4096);
    else writeFileSync(file, content);
    await expect(open(file)).rejects.toBeInstanceOf(DamagedDatabase);
  });
});

describe('migrations', () => {
  const broken: Migration = {
    number: 2,
    name: 'broken',
    async up(trx) {
      await trx.schema.createTable('half').addColumn('id', 'text').execute();
      throw new Error('out of ideas');
    },
  };

  test('one that fails is undone, says which and why, and leaves the database usable', async () => {
    const file = join(directory(), 'control.db');
    const database = new Database(file);
    const db = new Kysely<Tables>({ dialect: bunSqliteDialect(database) });
    cleanups.push(() => db.destroy());
    await expect(migrate(db, 0, [...MIGRATIONS, broken])).rejects.toThrow(
      'Migration 2 (broken) of the control database failed and was undone: out of ideas',
    );
    const tables = database.query("select name from sqlite_master where type = 'table'").all();
    expect(tables).not.toContainEqual({ name: 'half' });
    await migrate(db, 0);
    expect(database.query('select number from migrations').all()).toEqual([{ number: 1 }]);
  });

  test('are numbered from 1 without gaps, and run once', async () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1));
    const file = join(directory(), 'control.db');
    await (await open(file)).close();
    await (await open(file)).close();
  });

  test('a database of a newer release is left alone', async () => {
    const file = join(directory(), 'control.db');
    await (await open(file)).close();
    const database = new Database(file);
    database.run("insert into migrations values (99, 'future', 0)");
    database.close();
    await expect(open(file)).rejects.toThrow('migration 99');
  });
});
