import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { Secret, uuidV7Source } from './lib/index.ts';
import { newMasterKey, promoteNextKey, withMasterKey, writeNextKey } from './master-key.ts';
import { openControlStore, rotateMasterKey } from './stores/sql/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headgate-key-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = () => join(dir, 'control.db');
const write = { actor: { kind: 'system', id: 'test', name: 'test' } } as const;
const scope = { accountId: 'acme', parent: '' };

/** Opens as a start does, reads the secret (making it at first), closes; gives the key that it opened with. */
async function start(): Promise<Uint8Array> {
  return withMasterKey(dir, null, async (masterKey) => {
    const clock = new FakeClock();
    const store = await openControlStore({ file: file(), clock, ids: uuidV7Source(), masterKey, accountId: 'acme' });
    const data = { comment: '', scopes: [], value: 'sk-1' };
    const kept =
      (await store.secrets.find(scope, 's')) ?? (await store.secrets.create(scope, { name: 's', data }, write));
    expect(kept.data.value).toBe('sk-1');
    await store.close();
    return masterKey;
  });
}

describe('a rotation that is cut off', () => {
  test('before anything: the old key', async () => {
    const from = await start();
    expect(await start()).toEqual(from);
  });

  test('while the new key is written: the old key, and a next rotation is none the worse', async () => {
    const from = await start();
    writeFileSync(join(dir, 'master.key.next'), 'ab');
    expect(await start()).toEqual(from);
    const to = newMasterKey();
    writeNextKey(dir, to);
    await rotateMasterKey({ file: file(), from, to });
    promoteNextKey(dir);
    expect(Buffer.from(await start()).equals(to)).toBe(true);
  });

  test('after the new key was written: the old key', async () => {
    const from = await start();
    writeNextKey(dir, newMasterKey());
    expect(await start()).toEqual(from);
    expect(await start()).toEqual(from);
  });

  test('after the database was changed: the new key, which takes its place', async () => {
    const from = await start();
    const to = newMasterKey();
    writeNextKey(dir, to);
    await rotateMasterKey({ file: file(), from, to });
    expect(Buffer.from(await start()).equals(to)).toBe(true);
    expect(readFileSync(join(dir, 'master.key'), 'utf8')).toBe(Buffer.from(to).toString('base64'));
    expect(existsSync(join(dir, 'master.key.next'))).toBe(false);
    promoteNextKey(dir);
    expect(Buffer.from(await start()).equals(to)).toBe(true);
  });
});

test('a key that fits neither is refused', async () => {
  await start();
  writeFileSync(join(dir, 'master.key'), Buffer.from(newMasterKey()).toString('base64'));
  await expect(start()).rejects.toThrow('The master key is not the one');
  writeNextKey(dir, newMasterKey());
  await expect(start()).rejects.toThrow('The master key is not the one');
});

test('the files are for their owner only, and no draft stays', async () => {
  await start();
  writeNextKey(dir, newMasterKey());
  for (const name of ['master.key', 'master.key.next']) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  expect(
    readdirSync(dir)
      .filter((name) => name.startsWith('master.key'))
      .sort(),
  ).toEqual(['master.key', 'master.key.next']);
});

test('a file that holds no key is named', async () => {
  writeFileSync(join(dir, 'master.key'), 'short');
  await expect(start()).rejects.toThrow(`HEADGATE_MASTER_KEY: ${dir}/master.key does not hold 32 bytes in base64`);
});

test('a given key needs no file', async () => {
  const key = newMasterKey();
  const given = new Secret(Buffer.from(key).toString('base64'));
  expect(await withMasterKey(dir, given, async (one) => Buffer.from(one).equals(key))).toBe(true);
  expect(readdirSync(dir)).toEqual([]);
});
