import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CacheBench } from '../../../../../test/support/answer-caches.ts';
import { CacheFile } from './cache-file.ts';
import { cachedAnswer, keyOf, START_MS } from '../contract/index.ts';

const FULL_DISK_CHILD = new URL('../../../../../test/support/full-disk-child.ts', import.meta.url);

let bench: CacheBench;
beforeEach(() => {
  bench = new CacheBench();
});
afterEach(() => bench.dispose());

describe('damage', () => {
  const body = Buffer.from('a body that can be found in the file '.repeat(3000));

  async function fill(): Promise<void> {
    const cache = await bench.open();
    for (const name of 'abc') cache.put(keyOf(name), cachedAnswer({ body }));
    await bench.close(cache);
  }

  function flip(where: (bytes: Buffer) => number): void {
    const bytes = readFileSync(bench.file);
    const at = where(bytes);
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(bench.file, bytes);
  }

  const DAMAGES: [string, () => void][] = [
    ['garbage', () => writeFileSync(bench.file, 'garbage '.repeat(2000))],
    ['another program’s database', () => foreignDatabase(bench.file)],
    ['a version that wrote it otherwise', () => setVersion(bench.file, 1)],
    ['a cut', () => truncateSync(bench.file, 20_000)],
    ['a changed byte in a body', () => flip((bytes) => bytes.indexOf('can be found') + 40_000)],
    ['a changed byte in headers', () => flip((bytes) => bytes.lastIndexOf('application/json'))],
  ];

  test.each(DAMAGES)(
    'by %s: the file is set aside with a line, nothing wrong is served, and the cache goes on',
    async (_, damage) => {
      await fill();
      damage();
      const cache = await bench.open();
      for (const name of 'abc') {
        const answer = await cache.get(keyOf(name), START_MS);
        if (answer !== null) expect(answer).toEqual(cachedAnswer({ body: new Uint8Array(body) }));
      }
      expect(bench.problems).toHaveLength(1);
      expect(bench.problems[0]).toContain(`is set aside as ${bench.file}.damaged`);
      expect(existsSync(`${bench.file}.damaged`)).toBe(true);
      expect(await bench.found(cache, 'abc')).toEqual([]);
      expect(cache.stats().diskEntries).toBe(0);
      cache.put(keyOf('d'), cachedAnswer());
      await bench.close(cache);
      expect(await bench.found(await bench.open(), 'abcd')).toEqual(['d']);
      expect(bench.problems).toHaveLength(1);
    },
  );

  test('found while writing: the entries being written are kept', async () => {
    await fill();
    // In the root page of the table, where its cells begin: reading does not look at it, writing does.
    flip(() => 8192 + 5);
    const again = await bench.open();
    expect(bench.problems).toEqual([]);
    again.put(keyOf('d'), cachedAnswer());
    await bench.written(again);
    expect(await bench.found(again, ['d'])).toEqual(['d']);
    expect(bench.problems).toHaveLength(1);
  });
});

test('a batch of which one entry cannot be written changes nothing, and what was there is found as before', () => {
  mkdirSync(dirname(bench.file), { recursive: true });
  const file = new CacheFile(bench.file, 1e9);
  const entry = (name: string, more: object = {}) => {
    const { body: _, ...head } = cachedAnswer();
    return { ...head, key: keyOf(name), bodyBytes: 3, ...more };
  };
  const [old, good] = [Buffer.from('old'), Buffer.from('newbad')];
  file.write([entry('a'), entry('b')], Buffer.concat([old, old]));
  expect(() => file.write([entry('a'), entry('c', { status: null })], good)).toThrow('NOT NULL');
  expect(file.fingerprints()).toHaveLength(2);
  expect(Buffer.from(file.read(keyOf('a'), START_MS)?.body ?? []).toString()).toBe('old');
  expect(file.read(keyOf('c'), START_MS)).toBeNull();
  file.write([entry('a')], Buffer.from('new'));
  expect(Buffer.from(file.read(keyOf('a'), START_MS)?.body ?? []).toString()).toBe('new');
  expect(file.fingerprints()).toHaveLength(2);
  file.close();
});

test('a full disk stops the storing alone, and what is purged is gone all the same', async () => {
  // 2 MiB to a file; the signal that comes with the limit must not end the process.
  const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 4096; exec "$0" "$1" "$2"', process.execPath];
  const child = Bun.spawn([...limited, FULL_DISK_CHILD.pathname, bench.file], { stdout: 'pipe' });
  const { problems, stored, ...report } = JSON.parse(await new Response(child.stdout).text());
  expect(report).toEqual({ failed: true, leftAfterPurge: 0, storedAfterwards: true, lastError: null });
  expect(stored).toBeGreaterThan(10);
  expect(problems[0]).toContain('cannot use its file');
  expect(problems.at(-1)).toContain('is emptied as a whole, since entries cannot be removed from it');
});

function setVersion(path: string, version: number): void {
  const db = new Database(path);
  db.run(`PRAGMA user_version = ${version}`);
  db.close();
}

function foreignDatabase(path: string): void {
  rmSync(path);
  const db = new Database(path);
  db.run('CREATE TABLE theirs (x)');
  db.close();
}
