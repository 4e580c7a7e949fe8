import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { cachedAnswer, describeAnswerCache, keyOf, START_MS } from '../contract/index.ts';
import { createMemoryAnswerCache } from './index.ts';
import { MemoryTier } from './memory-tier.ts';

describeAnswerCache('memory', async () => {
  const cache = createMemoryAnswerCache();
  return { cache, dispose: () => cache.close() };
});

describe('memory tier', () => {
  const KIB = 1024;
  const put = (cache: ReturnType<typeof createMemoryAnswerCache>, name: string, bytes = 10 * KIB) =>
    cache.put(keyOf(name), cachedAnswer({ body: new Uint8Array(bytes) }));
  const held = (cache: ReturnType<typeof createMemoryAnswerCache>, names: string) =>
    [...names].filter((name) => cache.get(keyOf(name), START_MS) !== null).join('');

  test('stays within its bytes; the entry longest unused goes first', () => {
    const cache = createMemoryAnswerCache({ memoryBytes: 33 * KIB });
    for (const name of 'abc') put(cache, name);
    expect(held(cache, 'a')).toBe('a');
    put(cache, 'd');
    expect(held(cache, 'abcd')).toBe('acd');
    expect(cache.stats().memoryBytes).toBeLessThanOrEqual(33 * KIB);
    put(cache, 'e', 20 * KIB);
    expect(held(cache, 'acde')).toBe('de');
  });

  test('an answer larger than all of it is not kept, and takes no other with it, except its own older one', () => {
    const cache = createMemoryAnswerCache({ memoryBytes: 33 * KIB });
    for (const name of 'ab') put(cache, name);
    put(cache, 'b', 34 * KIB);
    expect(held(cache, 'ab')).toBe('a');
  });

  test('headers count too', () => {
    const cache = createMemoryAnswerCache({ memoryBytes: 10 * KIB });
    cache.put(keyOf('a'), cachedAnswer({ headers: JSON.stringify({ 'x-large': 'x'.repeat(11 * KIB) }) }));
    expect(cache.stats().memoryEntries).toBe(0);
  });

  test('small bodies share buffers, and come back as they were put, whatever is put, found and removed in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 3000 }), fc.constantFrom('put', 'get', 'purge')), {
          maxLength: 400,
        }),
        (steps) => {
          const maxBytes = 64 * KIB;
          const tier = new MemoryTier(maxBytes);
          const bodies = new Map<string, Uint8Array>();
          for (const [n, bytes, step] of steps) {
            const key = keyOf(n);
            if (step === 'put') {
              const body = new Uint8Array(bytes % 7 === 0 ? 0 : bytes % 5 === 0 ? bytes : bytes % 60).fill(n + 1);
              bodies.set(key, body);
              tier.put(key, cachedAnswer({ body, model: `m${n}` }));
            } else if (step === 'get') {
              const found = tier.get(key, START_MS);
              if (found !== null) expect(found.body).toEqual(bodies.get(key) ?? new Uint8Array(1));
            } else if (tier.purge({ model: `m${n}` }).length > 0) {
              expect(tier.get(key, START_MS)).toBeNull();
            }
            expect(tier.bytes).toBeLessThanOrEqual(maxBytes);
            expect(tier.bytes).toBeGreaterThanOrEqual(tier.size * 512);
          }
          for (let n = 0; n <= 60; n++) tier.purge({ model: `m${n}` });
          expect(tier.size).toBe(0);
          // What is left is the buffer that is being filled.
          expect(tier.bytes).toBeLessThanOrEqual(maxBytes / 64);
        },
      ),
    );
  });

  test('what a reader holds stays as it is when the entry has gone and others come', () => {
    const tier = new MemoryTier(64 * KIB);
    tier.put('a', cachedAnswer({ body: new Uint8Array(40).fill(1) }));
    const held = tier.get('a', START_MS)?.body;
    for (let n = 0; n < 5000; n++) tier.put(`b${n}`, cachedAnswer({ body: new Uint8Array(40).fill(2) }));
    expect(tier.get('a', START_MS)).toBeNull();
    expect(held).toEqual(new Uint8Array(40).fill(1));
  });

  test('an entry that is used again and again does not keep the room of its neighbours', () => {
    const maxBytes = 64 * KIB;
    const tier = new MemoryTier(maxBytes);
    const body = new Uint8Array(60);
    for (let n = 0; n < 20_000; n++) {
      tier.put(`once ${n}`, cachedAnswer({ body }));
      if (n % 16 === 0) tier.put(`hot ${n % 4096}`, cachedAnswer({ body }));
      for (let hot = 0; hot < 8; hot++) tier.get(`hot ${hot * 16}`, START_MS);
    }
    for (let hot = 0; hot < 8; hot++) expect(tier.get(`hot ${hot * 16}`, START_MS)).not.toBeNull();
    // Each entry counts 540 bytes and its body 60: without waste there would be 109.
    expect(tier.size).toBeGreaterThan(95);
  });
});
