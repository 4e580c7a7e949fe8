import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CacheBench } from '../../../../../test/support/answer-caches.ts';
import type { CachedAnswer } from '../cache-ports.ts';
import { cachedAnswer, describeAnswerCache, keyOf, START_MS, TTL_MS } from '../contract/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describeAnswerCache('memory over SQLite', async () => {
  const bench = new CacheBench();
  return { cache: await bench.open({ memoryBytes: 64 * MIB }), dispose: () => bench.dispose() };
});

let bench: CacheBench;
beforeEach(() => {
  bench = new CacheBench();
});
afterEach(() => bench.dispose());

const sized = (bytes: number) => cachedAnswer({ body: new Uint8Array(bytes) });

describe('disk tier', () => {
  test('what is nowhere is known at once, what is on disk comes as a promise, what waits to be written at once', async () => {
    const cache = await bench.open();
    cache.put(keyOf('a'), cachedAnswer());
    expect(cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    bench.clock.advance(50);
    // On its way to the other thread.
    expect(cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    await bench.written(cache);
    expect(cache.get(keyOf('a'), START_MS)).toBeInstanceOf(Promise);
    expect(await cache.get(keyOf('a'), START_MS)).toEqual(cachedAnswer());
    expect(cache.get(keyOf('b'), START_MS)).toBeNull();
    expect(cache.stats()).toMatchObject({ diskEntries: 1, diskHits: 2, misses: 1 });
  });

  test('an answer read from disk is in memory afterwards, and many who ask at once cause one reading', async () => {
    const before = await bench.open();
    before.put(keyOf('a'), cachedAnswer());
    await bench.close(before);
    const cache = await bench.open({ memoryBytes: MIB });
    const answers = await Promise.all(Array.from({ length: 5 }, () => cache.get(keyOf('a'), START_MS)));
    expect(answers[0]).toEqual(cachedAnswer());
    expect(new Set(answers).size).toBe(1);
    // Without a promise: it is in memory.
    expect(cache.get(keyOf('a'), START_MS)).toEqual(answers[0] as CachedAnswer);
    expect(cache.stats()).toMatchObject({ diskHits: 5, memoryHits: 1 });
  });

  test('entries survive a restart, those still waiting to be written too', async () => {
    const before = await bench.open();
    const large = cachedAnswer({ body: crypto.getRandomValues(new Uint8Array(65_000)), customKey: 'ü', status: 203 });
    before.put(keyOf('a'), large);
    await bench.written(before);
    before.put(keyOf('b'), cachedAnswer({ body: new Uint8Array(0), headers: '{}' }));
    await bench.close(before);
    const cache = await bench.open();
    expect(await cache.get(keyOf('a'), START_MS)).toEqual(large);
    expect(await cache.get(keyOf('b'), START_MS)).toEqual(cachedAnswer({ body: new Uint8Array(0), headers: '{}' }));
    expect(cache.stats().diskEntries).toBe(2);
    expect(bench.problems).toEqual([]);
  });

  test('what was written survives the death of the process', async () => {
    const before = await bench.open();
    before.put(keyOf('a'), cachedAnswer());
    await bench.written(before);
    const image = join(bench.directory, 'image.db');
    for (const suffix of ['', '-wal']) copyFileSync(bench.file + suffix, image + suffix);
    expect(await bench.found(await bench.open({ file: image }), ['a', 'b'])).toEqual(['a']);
  });

  test('expired entries are not served after a restart, and are swept within a minute', async () => {
    const before = await bench.open();
    before.put(keyOf('a'), cachedAnswer());
    before.put(keyOf('b'), cachedAnswer({ expiresAtMs: START_MS + 10 * TTL_MS }));
    await bench.close(before);
    bench.clock.advance(TTL_MS);
    const cache = await bench.open({ memoryBytes: MIB });
    expect(await bench.found(cache, 'ab')).toEqual(['b']);
    expect(cache.stats()).toMatchObject({ memoryEntries: 1, diskEntries: 2 });
    bench.clock.advance(60_000);
    await bench.written(cache);
    expect(cache.stats().diskEntries).toBe(1);
  });

  test('a purge counts entries once: in memory, waiting, being written, on disk, or in several of these', async () => {
    const cache = await bench.open({ memoryBytes: 3 * KIB });
    for (const name of ['disk 1', 'disk 2']) cache.put(keyOf(name), sized(KIB));
    await bench.written(cache);
    cache.put(keyOf('disk 1'), sized(2 * KIB));
    cache.put(keyOf('on the way'), sized(KIB));
    bench.clock.advance(50);
    cache.put(keyOf('on the way'), sized(KIB));
    cache.put(keyOf('waiting'), sized(KIB));
    cache.put(keyOf('other'), cachedAnswer({ gatewayKey: 'gateway-2' }));
    expect(await cache.purge({ gatewayKey: 'gateway-1' })).toBe(4);
    const names = ['disk 1', 'disk 2', 'on the way', 'waiting', 'other'];
    expect(await bench.found(cache, names)).toEqual(['other']);
    await bench.close(cache);
    expect(await bench.found(await bench.open(), names)).toEqual(['other']);
  });

  test.each([
    ['purge', null],
    ['put', 203],
  ])('an answer that is on its way from disk during a %s does not come back into memory', async (change, status) => {
    const before = await bench.open();
    before.put(keyOf('a'), cachedAnswer());
    await bench.close(before);
    const cache = await bench.open({ memoryBytes: MIB });
    const reading = cache.get(keyOf('a'), START_MS);
    expect(reading).toBeInstanceOf(Promise);
    if (change === 'purge') await cache.purge({ gatewayKey: 'gateway-1' });
    else cache.put(keyOf('a'), cachedAnswer({ status: 203 }));
    await reading;
    expect((await cache.get(keyOf('a'), START_MS))?.status ?? null).toBe(status);
  });

  test('the file stays within its bytes, and the entries longest unused go first', async () => {
    const cache = await bench.open({ diskBytes: MIB });
    for (let i = 0; i < 40; i++) {
      cache.put(keyOf(i), {
        ...sized(50 * KIB),
        storedAtMs: bench.clock.nowMs(),
        expiresAtMs: START_MS + 100 * TTL_MS,
      });
      await bench.written(cache);
      // Answers in use: read from disk, and that counts.
      bench.clock.advance(61_000);
      if (i >= 1) expect(await bench.found(cache, [0])).toEqual([0]);
    }
    const { diskEntries, diskBytes } = cache.stats();
    expect(diskBytes).toBeLessThanOrEqual(MIB);
    expect(diskEntries).toBeGreaterThan(14);
    const there = await bench.found(cache, Array(40).keys());
    expect(there).toEqual([0, ...Array.from({ length: diskEntries - 1 }, (_, n) => 41 - diskEntries + n)]);
    await bench.close(cache);
    expect(statSync(bench.file).size).toBeLessThanOrEqual(1.1 * MIB);
  });

  test('entries of one batch that are more than fit leave the last of them', async () => {
    const cache = await bench.open({ diskBytes: MIB });
    for (let i = 0; i < 40; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: START_MS + i });
    await bench.written(cache);
    expect(cache.stats().diskBytes).toBeLessThanOrEqual(MIB);
    const there = await bench.found(cache, Array(40).keys());
    expect(there.length).toBeGreaterThan(14);
    expect(there).toEqual(Array.from(there, (_, n) => 40 - there.length + n));
    expect(cache.stats().diskEntries).toBe(there.length);
    // Its older version is the one that makes room for it.
    const oldest = there[0] ?? '';
    cache.put(keyOf(oldest), { ...sized(60 * KIB), storedAtMs: START_MS + 100 });
    await bench.written(cache);
    expect(await bench.found(cache, [oldest])).toEqual([oldest]);
  });

  test('an answer larger than all of the disk tier is kept in memory alone', async () => {
    const cache = await bench.open({ diskBytes: 512 * KIB, memoryBytes: MIB });
    cache.put(keyOf('a'), sized(100 * KIB));
    cache.put(keyOf('b'), sized(600 * KIB));
    await bench.written(cache);
    expect(await bench.found(cache, 'ab')).toEqual(['a', 'b']);
    expect(cache.stats().diskEntries).toBe(1);
    expect(await cache.purge({ gatewayKey: 'gateway-1' })).toBe(2);
  });

  test('uses of an answer in memory keep it on disk', async () => {
    const cache = await bench.open({ diskBytes: MIB, memoryBytes: 8 * MIB });
    for (let i = 0; i < 15; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: START_MS + i });
    await bench.written(cache);
    expect(await bench.found(cache, [0])).toEqual([0]);
    bench.clock.advance(60_000);
    for (let i = 15; i < 25; i++) cache.put(keyOf(i), { ...sized(50 * KIB), storedAtMs: bench.clock.nowMs() });
    await bench.written(cache);
    await bench.close(cache);
    expect(await bench.found(await bench.open(), [0, 1, 24])).toEqual([0, 24]);
  });

  test('entries that wait beyond 64 MiB are not written, and counted', async () => {
    const cache = await bench.open({ memoryBytes: 128 * MIB });
    const body = new Uint8Array(20 * MIB);
    // The first is on its way at once, three wait.
    for (let i = 0; i < 6; i++) cache.put(keyOf(i), cachedAnswer({ body }));
    expect(cache.stats().droppedWrites).toBe(2);
    expect(await bench.found(cache, Array(6).keys())).toEqual([0, 1, 2, 3, 4, 5]);
    await bench.close(cache);
    expect(cache.stats().diskEntries).toBe(4);
  });

  test('a tier that fails is a miss and one line, and a purge of it rejects', async () => {
    const cache = await bench.open({ memoryBytes: MIB });
    cache.put(keyOf('a'), cachedAnswer());
    // Its thread is gone.
    await bench.close(cache);
    expect(await cache.get(keyOf('a'), START_MS)).toBeNull();
    expect(await cache.get(keyOf('a'), START_MS)).toBeNull();
    expect(bench.problems).toHaveLength(1);
    expect(cache.stats().lastError).not.toBeNull();
    await expect(cache.purge({ gatewayKey: 'gateway-1' })).rejects.toThrow();
    cache.put(keyOf('b'), cachedAnswer());
    expect(cache.get(keyOf('b'), START_MS)).toEqual(cachedAnswer());
  });

  test('a file in use, or one that cannot be made, is an error', async () => {
    await bench.open();
    await expect(bench.open()).rejects.toThrow('locked');
    await expect(bench.open({ file: join(bench.file, 'below-a-bench.file.db') })).rejects.toThrow();
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
        const options = { file: join(bench.directory, `run-${run++}.db`), memoryBytes };
        const model = new Map<number, CachedAnswer>();
        let cache = await bench.open(options);
        for (const { do: action, name: n, ttl } of steps) {
          const nowMs = bench.clock.nowMs();
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
            bench.clock.advance(ttl);
          } else if (action === 'restart') {
            await bench.close(cache);
            cache = await bench.open(options);
          } else {
            const expected = model.get(n);
            const answer = await cache.get(keyOf(n), nowMs);
            if (expected === undefined || expected.expiresAtMs <= nowMs) expect(answer).toBeNull();
            else expect(answer?.body).toEqual(new Uint8Array(expected.body));
          }
        }
        await bench.close(cache);
      },
    ),
    { numRuns: 60 },
  );
  expect(bench.problems).toEqual([]);
});
