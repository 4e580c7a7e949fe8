import { Database } from 'bun:sqlite';
import { afterEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../../../test/support/fake-clock.ts';
import { uuidV7Source } from '../../lib/index.ts';
import { openControlStore, rotateMasterKey, WrongMasterKey } from './index.ts';
import { createVault, rewrapper } from './vault.ts';

const directories: string[] = [];
afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true });
});

const key = (byte: number) => new Uint8Array(32).fill(byte);
const scope = { accountId: 'acme', parent: '' };
const write = { actor: { kind: 'system', id: 'test', name: 'test' } } as const;
const secret = (value: string) => ({ data: { comment: '', scopes: [], value } });

function open(file: string, byte: number) {
  return openControlStore({
    file,
    clock: new FakeClock(),
    ids: uuidV7Source(),
    masterKey: key(byte),
    accountId: 'acme',
  });
}

/** A control database under key 1 with a token and some secrets. */
async function made() {
  const path = mkdtempSync(join(tmpdir(), 'headgate-rotate-'));
  directories.push(path);
  const file = join(path, 'control.db');
  const store = await open(file, 1);
  const { value: token } = await store.tokens.create('acme', { name: 't', permissions: ['run'], gateways: null });
  const ids: string[] = [];
  for (const value of ['', 'sk-1', 'x'.repeat(10_000)]) {
    ids.push((await store.secrets.create(scope, secret(value), write)).id);
  }
  await store.close();
  const sealed = new Database(file).query('select sealed from entries').all() as { sealed: string }[];
  return { path, file, token, ids, sealed: sealed.map((row) => row.sealed) };
}

test('everything opens with the new key, nothing with the old one', async () => {
  const { file, token, ids } = await made();
  expect(await rotateMasterKey({ file, from: key(1), to: key(2) })).toBe(4);
  await expect(open(file, 1)).rejects.toBeInstanceOf(WrongMasterKey);
  const store = await open(file, 2);
  expect(store.snapshot.token(token)).toMatchObject({ name: 't' });
  const values = await Promise.all(ids.map(async (id) => (await store.secrets.get(scope, id))?.data.value));
  expect(values).toEqual(['', 'sk-1', 'x'.repeat(10_000)]);
  await store.close();
});

test('what the old key wrapped is in no file any more', async () => {
  const { path, file, sealed } = await made();
  await rotateMasterKey({ file, from: key(1), to: key(2) });
  const bytes = ['control.db', 'control.db-wal'].map((name) => {
    try {
      return readFileSync(join(path, name), 'latin1');
    } catch {
      return '';
    }
  });
  for (const text of sealed) expect(bytes.some((one) => one.includes(text.slice(0, 100)))).toBe(false);
});

test('another old key changes nothing', async () => {
  const { file, ids } = await made();
  await expect(rotateMasterKey({ file, from: key(3), to: key(2) })).rejects.toThrow();
  const store = await open(file, 1);
  expect((await store.secrets.get(scope, ids[1] ?? ''))?.data.value).toBe('sk-1');
  await store.close();
});

test('one record that does not open undoes the whole change', async () => {
  const { file, ids } = await made();
  const database = new Database(file);
  database.run('update entries set sealed = ? where id = ?', [createVault(key(9)).seal('x', 'y'), ids[2] ?? '']);
  database.close();
  await expect(rotateMasterKey({ file, from: key(1), to: key(2) })).rejects.toThrow();
  const after = new Database(file).query('select value from facts').all() as { value: string }[];
  for (const { value } of after) expect(createVault(key(1)).open(value, 'master_key_check')).toBe('master_key_check');
});

test('a process that opened the database before writes nothing afterwards', async () => {
  const { file } = await made();
  const before = await open(file, 1);
  await rotateMasterKey({ file, from: key(1), to: key(2) });
  await expect(before.secrets.create(scope, secret('lost'), write)).rejects.toThrow('The master key was changed');
  await before.close();
  await (await open(file, 2)).close();
});

test('rewrapping keeps the text and its context, and needs the right key', () => {
  const sealed = createVault(key(1)).seal('text', 'a/1');
  const rewrapped = rewrapper(key(1), key(2))(sealed, 'a/1');
  expect(createVault(key(2)).open(rewrapped, 'a/1')).toBe('text');
  expect(() => createVault(key(1)).open(rewrapped, 'a/1')).toThrow();
  expect(() => createVault(key(2)).open(rewrapped, 'a/2')).toThrow();
  expect(() => rewrapper(key(3), key(2))(sealed, 'a/1')).toThrow();
  expect(() => rewrapper(key(1), new Uint8Array(31))).toThrow('32 bytes');
});
