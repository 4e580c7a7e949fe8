import { describe, expect, test } from 'bun:test';
import { cachedAnswer, describeAnswerCache, keyOf, START_MS } from '../contract/index.ts';
import { createMemoryAnswerCache } from './index.ts';

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
});
