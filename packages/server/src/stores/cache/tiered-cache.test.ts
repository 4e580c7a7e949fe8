import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FakeClock } from '../../../../../test/support/fake-clock.ts';
import type { AnswerCache, CachedAnswer } from '../cache-ports.ts';
import { cachedAnswer, describeAnswerCache, keyOf, START_MS, TTL_MS } from '../contract/index.ts';
import { type AnswerCacheOptions, openAnswerCache } from './index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describeAnswerCache('memory over SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-cache-'));
  const cache = await openAnswerCache({ file: join(directory, 'cache.db'), clock: new FakeClock(START_MS) });
  return {
    cache,
    async dispose() {
      await cache.close();
      rmSync(directory, { recursive: true });
    },
  };
});

let directory: string;
let file: string;
let clock: FakeClock;
let problems: string[];
let open: AnswerCache[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-cache-'));
  file = join(directory, 'sub', 'cache.db');
  clock = new FakeClock(START_MS);
  problems = [];
  open = [];
});
afterEach(async () => {
  for (const cache of open) await cache.close();
  rmSync(directory, { recursive: true });
});

/** By default without memory, so that the disk has to show what it does. */
async function opened(options: Partial<AnswerCacheOptions> = {}): Promise<AnswerCache> {
  const onProblem = (line: string) => problems.push(line);
  const cache = await openAnswerCache({ file, clock, memoryBytes: 0, onProblem, ...options });
  open.push(cache);
  return cache;
}

async function closed(cache: AnswerCache): Promise<void> {
  open = open.filter((other) => other !== cache);
  await cache.close();
}

/** Lets what waits be written. The file's thread takes one thing after the other, so an answer means that it is done. */
async function written(cache: AnswerCache): Promise<void> {
  clock.advance(50);
  await cache.purge({ gatewayKey: 'none' });
}

async function found(cache: AnswerCache, names: Iterable<string | number>): Promise<(string | number)[]> {
  const there: (string | number)[] = [];
  for (const name of names) if ((await cache.get(keyOf(name), clock.nowMs())) !== null) there.push(name);
  return there;
}

const sized = (bytes: number) => cachedAnswer({ body: new Uint8Array(bytes) });

describe('disk tier', () => {
  test('what is nowhere is known at once, what is on disk comes as a promise, what waits to be written at once', async () => {
    const cache = await opened();
    cache.put(keyOf('a'), cachedAnswer());
    expect(cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    clock.advance(50);
    // On its way to the other thread.
    expect(cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    await written(cache);
    expect(cache.get(keyOf('a'), START_MS)).toBeInstanceOf(Promise);
    expect(await cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    expect(cache.get(keyOf('b'), START_MS)).toBeNull();
    expect(cache.stats()).toMatchObject({ diskEntries: 1, diskHits: 2, misses: 1 });
  });

  test('an answer read from disk is in memory afterwards, and many who ask at once cause one reading', async () => {
    const before = await opened();
    before.put(keyOf('a'), cachedAnswer());
    await closed(before);
    const cache = await opened({ memoryBytes: MIB });
    const answers = await Promise.all(Array.from({ length: 5 }, () => cache.get(keyOf('a'), START_MS)));
    expect(answers[0]).toEqual(cachedAnswer());
    expect(new Set(answers).size).toBe(1);
    expect(cache.get(keyOf('a'), START_MS)).toBe(answers[0] as CachedAnswer);
    expect(cache.stats()).toMatchObject({ diskHits: 5, memoryHits: 1 });
  });

  test('entries survive a restart, those still waiting to be written too', async () => {
    const before = await opened();
    const large = cachedAnswer({ body: crypto.getRandomValues(new Uint8Array(65_000)), customKey: 'ü', status: 203 });
    before.put(keyOf('a'), large);
    await written(before);
    before.put(keyOf('b'), cachedAnswer({ body: new Uint8Array(0), headers: [] }));
    await closed(before);
    const cache = await opened();
    expect(await cache.get(keyOf('a'), START_MS)).toEqual(large);
    expect(await cache.get(keyOf('b'), START_MS)).toEqual(cachedAnswer({ body: new Uint8Array(0), headers: [] }));
    expect(cache.stats().diskEntries).toBe(2);
    expect(problems).toEqual([]);
  });

  test('what was written survives the death of the process', async () => {
    const before = await opened();
    before.put(keyOf('a'), cachedAnswer());
    await written(before);
    const image = join(directory, 'image.db');
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, image + suffix);
    expect(await found(await opened({ file: image }), ['a', 'b'])).toEqual(['a']);
  });

  test('expired entries are not served after a restart, and are swept within a minute', async () => {
    const before = await opened();
    before.put(keyOf('a'), cachedAnswer());
    before.put(keyOf('b'), cachedAnswer({ expiresAtMs: START_MS + 10 * TTL_MS }));
    await closed(before);
    clock.advance(TTL_MS);
    const cache = await opened({ memoryBytes: MIB });
    expect(await found(cache, 'ab')).toEqual(['b']);
    expect(cache.stats()).toMatchObject({ memoryEntries: 1, diskEntries: 2 });
    clock.advance(60_000);
    await written(cache);
    expect(cache.stats().diskEntries).toBe(1);
  });

  test('a purge counts entries once: in memory, waiting, being written, on disk, or in several of these', async () => {
    const cache = await opened({ memoryBytes: 3 * KIB });
    for (const name of ['disk 1', 'disk 2']) cache.put(keyOf(name), sized(KIB));
    await written(cache);
    cache.put(keyOf('disk 1'), sized(2 * KIB));
    cache.put(keyOf('on the way'), sized(KIB));
    clock.advance(50);
    cache.put(keyOf('on the way'), sized(KIB));
    cache.put(keyOf('waiting'), sized(KIB));
    cache.put(keyOf('other'), cachedAnswer({ gatewayKey: 'gateway-2' }));
    expect(await cache.purge({ gatewayKey: 'gateway-1' })).toBe(4);
    const names = ['disk 1', 'disk 2', 'on the way', 'waiting', 'other'];
    expect(await found(cache, names)).toEqual(['other']);
    await closed(cache);
    expect(await found(await opened(), names)).toEqual(['other']);
  });

  test.each([
    ['purge', null],
    ['put', 203],
  ])('an answer that is on its way from disk during a %s does not come back into memory', async (change, status) => {
    const before = await opened();
    before.put(keyOf('a'), cachedAnswer());
    await closed(before);
    const cache = await opened({ memoryBytes: MIB });
    const reading = cache.get(keyOf('a'), START_MS);
    expect(reading).toBeInstanceOf(Promise);
    if (change === 'purge') await cache.purge({ gatewayKey: 'gateway-1' });
    else cache.put(keyOf('a'), cachedAnswer({ status: 203 }));
    await reading;
    expect((await cache.get(keyOf('a'), START_MS))?.status ?? null).toBe(status);
  });

  test('the file stays within its bytes, and the entries longest unused go first', async () => {
    const cache = await opened({ diskBytes: MIB });
    for (let i = 0; i < 40; i++) {
      cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: clock.nowMs(), expiresAtMs: START_MS + 100 * TTL_MS });
      await written(cache);
      // Answers in use: read from disk, and that counts.
      clock.advance(61_000);
      if (i >= 1) expect(await found(cache, [0])).toEqual([0]);
    }
    const { diskEntries, diskBytes } = cache.stats();
    expect(diskBytes).toBeLessThanOrEqual(MIB);
    expect(diskEntries).toBeGreaterThan(14);
    const there = await found(cache, Array(40).keys());
    expect(there).toEqual([0, ...Array.from({ length: diskEntries - 1 }, (_, n) => 41 - diskEntries + n)]);
    await closed(cache);
    expect(statSync(file).size).toBeLessThanOrEqual(1.1 * MIB);
  });

  test('entries of one batch that are more than fit leave the last of them', async () => {
    const cache = await opened({ diskBytes: MIB });
    for (let i = 0; i < 40; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: START_MS + i });
    await written(cache);
    expect(cache.stats().diskBytes).toBeLessThanOrEqual(MIB);
    const there = await found(cache, Array(40).keys());
    expect(there.length).toBeGreaterThan(14);
    expect(there).toEqual(Array.from(there, (_, n) => 40 - there.length + n));
    expect(cache.stats().diskEntries).toBe(there.length);
    // Its older version is the one that makes room for it.
    const oldest = there[0] ?? '';
    cache.put(keyOf(oldest), { ...sized(60 * KIB), storedAtMs: START_MS + 100 });
    await written(cache);
    expect(await found(cache, [oldest])).toEqual([oldest]);
  });

  test('an answer larger than all of the disk tier is kept in memory alone', async () => {
    const cache = await opened({ diskBytes: 512 * KIB, memoryBytes: MIB });
    cache.put(keyOf('a'), sized(100 * KIB));
    cache.put(keyOf('b'), sized(600 * KIB));
    await written(cache);
    expect(await found(cache, 'ab')).toEqual(['a', 'b']);
    expect(cache.stats().diskEntries).toBe(1);
    expect(await cache.purge({ gatewayKey: 'gateway-1' })).toBe(2);
  });

  test('uses of an answer in memory keep it on disk', async () => {
    const cache = await opened({ diskBytes: MIB, memoryBytes: 8 * MIB });
    for (let i = 0; i < 15; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: START_MS + i });
    await written(cache);
    expect(await found(cache, [0])).toEqual([0]);
    clock.advance(60_000);
    for (let i = 15; i < 25; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: clock.nowMs() });
    await written(cache);
    await closed(cache);
    expect(await found(await opened(), [0, 1, 24])).toEqual([0, 24]);
  });

  test('entries that wait beyond 64 MiB are not written, and counted', async () => {
    const cache = await opened({ memoryBytes: 128 * MIB });
    const body = new Uint8Array(20 * MIB);
    // The first is on its way at once, three wait.
    for (let i = 0; i < 6; i++) cache.put(keyOf(i), cachedAnswer({ body }));
    expect(cache.stats().droppedWrites).toBe(2);
    expect(await found(cache, Array(6).keys())).toEqual([0, 1, 2, 3, 4, 5]);
    await closed(cache);
    expect(cache.stats().diskEntries).toBe(4);
  });

  test('a tier that fails is a miss and one line, and a purge of it rejects', async () => {
    const cache = await opened({ memoryBytes: MIB });
    cache.put(keyOf('a'), cachedAnswer());
    // Its thread is gone.
    await closed(cache);
    expect(await cache.get(keyOf('a'), START_MS)).toBeNull();
    expect(await cache.get(keyOf('a'), START_MS)).toBeNull();
    expect(problems).toHaveLength(1);
    expect(cache.stats().lastError).not.toBeNull();
    await expect(cache.purge({ gatewayKey: 'gateway-1' })).rejects.toThrow();
    cache.put(keyOf('b'), cachedAnswer());
    expect(cache.get(keyOf('b'), START_MS)).toEqual(cachedAnswer());
  });

  test('a file in use, or one that cannot be made, is an error', async () => {
    await opened();
    await expect(opened()).rejects.toThrow('locked');
    await expect(opened({ file: join(file, 'below-a-file.db') })).rejects.toThrow();
  });
});

describe('damage', () => {
  const body = Buffer.from('a body that can be found in the file '.repeat(3000));

  async function fill(): Promise<void> {
    const cache = await opened();
    for (const name of 'abc') cache.put(keyOf(name), cachedAnswer({ body }));
    await closed(cache);
  }

  function flip(where: (bytes: Buffer) => number): void {
    const bytes = readFileSync(file);
    const at = where(bytes);
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
  }

  const DAMAGES: [string, () => void][] = [
    ['garbage', () => writeFileSync(file, 'garbage '.repeat(2000))],
    ['another program’s database', () => foreignDatabase(file)],
    ['a cut', () => truncateSync(file, 20_000)],
    ['a changed byte in a body', () => flip((bytes) => bytes.indexOf('can be found') + 40_000)],
    ['a changed byte in headers', () => flip((bytes) => bytes.lastIndexOf('application/json'))],
  ];

  test.each(DAMAGES)(
    'by %s: the file is set aside with a line, nothing wrong is served, and the cache goes on',
    async (_, damage) => {
      await fill();
      damage();
      const cache = await opened();
      for (const name of 'abc') {
        const answer = await cache.get(keyOf(name), START_MS);
        if (answer !== null) expect(answer).toEqual(cachedAnswer({ body: new Uint8Array(body) }));
      }
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`set aside as ${file}.damaged`);
      expect(existsSync(`${file}.damaged`)).toBe(true);
      expect(await found(cache, 'abc')).toEqual([]);
      expect(cache.stats().diskEntries).toBe(0);
      cache.put(keyOf('d'), cachedAnswer());
      await closed(cache);
      expect(await found(await opened(), 'abcd')).toEqual(['d']);
      expect(problems).toHaveLength(1);
    },
  );

  test('found while writing: the entries being written are kept', async () => {
    await fill();
    // The root page of the table: the index alone is read at the start.
    flip(() => 8192 + 5);
    const again = await opened();
    expect(problems).toEqual([]);
    again.put(keyOf('d'), cachedAnswer());
    await written(again);
    expect(await found(again, ['d'])).toEqual(['d']);
    expect(problems).toHaveLength(1);
  });
});

test('any order of puts, gets, purges, time and restarts behaves like a map', async () => {
  const names = [0, 1, 2, 3, 4];
  const name = fc.constantFrom(...names);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('put'), name, ttl: fc.constantFrom(40_000, TTL_MS) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('get'), name, ttl: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('purge'), name: fc.constantFrom(0, 1), ttl: fc.constant(0) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), name, ttl: fc.constantFrom(50, 30_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart'), name, ttl: fc.constant(0) }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(0, 3 * KIB, MIB),
      async (steps, memoryBytes) => {
        const options = { file: join(directory, `run-${run++}.db`), memoryBytes };
        const model = new Map<number, CachedAnswer>();
        let cache = await opened(options);
        for (const { do: action, name: n, ttl } of steps) {
          const nowMs = clock.nowMs();
          if (action === 'put') {
            const body = Buffer.from(`${n} at ${nowMs} ${run} `.repeat(40));
            const gatewayKey = `gateway-${n % 2}`;
            const answer = cachedAnswer({ body, gatewayKey, storedAtMs: nowMs, expiresAtMs: nowMs + ttl });
            cache.put(keyOf(n), answer);
            model.set(n, answer);
          } else if (action === 'purge') {
            const purged = cache.purge({ gatewayKey: `gateway-${n}` });
            for (const [key, answer] of model) if (answer.gatewayKey === `gateway-${n}`) model.delete(key);
            await purged;
          } else if (action === 'wait') {
            clock.advance(ttl);
          } else if (action === 'restart') {
            await closed(cache);
            cache = await opened(options);
          } else {
            const expected = model.get(n);
            const answer = await cache.get(keyOf(n), nowMs);
            if (expected === undefined || expected.expiresAtMs <= nowMs) expect(answer).toBeNull();
            else expect(answer?.body).toEqual(new Uint8Array(expected.body));
          }
        }
        await closed(cache);
      },
    ),
    { numRuns: 60 },
  );
  expect(problems).toEqual([]);
});

function foreignDatabase(path: string): void {
  rmSync(path);
  const db = new Database(path);
  db.run('CREATE TABLE theirs (x)');
  db.close();
}
