import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type AnswerCache, type CachedAnswer, MAX_CACHED_BODY_BYTES, type PurgeSelection } from '../cache-ports.ts';
import { START_MS } from './builders.ts';

/** How long test answers live, in milliseconds. */
export const TTL_MS = 300_000;

/** A complete answer. */
export function cachedAnswer(fields: Partial<CachedAnswer> = {}): CachedAnswer {
  return {
    status: 200,
    headers: '{"content-type":"application/json"}',
    body: new TextEncoder().encode('{"ok":true}'),
    storedAtMs: START_MS,
    expiresAtMs: START_MS + TTL_MS,
    gatewayKey: 'gateway-1',
    accountId: 'local',
    provider: 'openai',
    model: 'gpt-5-mini',
    customKey: null,
    ...fields,
  };
}

/** A key as `cacheKey` makes them, by number or name. */
export function keyOf(name: string | number): string {
  return new Bun.CryptoHasher('sha256').update(String(name)).digest('hex');
}

const ENTRIES: Record<string, Partial<CachedAnswer>> = {
  a: {},
  b: { model: 'gpt-5' },
  c: { provider: 'anthropic', model: 'claude-sonnet-5' },
  d: { provider: 'anthropic', model: 'claude-sonnet-5', gatewayKey: 'gateway-2' },
  e: { customKey: 'mine' },
  f: { customKey: 'mine', gatewayKey: 'gateway-2' },
  g: { provider: 'anthropic', accountId: 'other', gatewayKey: 'gateway-3' },
};

const PURGES: [PurgeSelection, left: string][] = [
  [{ gatewayKey: 'gateway-1' }, 'dfg'],
  [{ gatewayKey: 'gateway-1', customKey: 'mine' }, 'abcdfg'],
  [{ gatewayKey: 'gateway-1', model: 'gpt-5' }, 'acdefg'],
  [{ gatewayKey: 'gateway-1', provider: 'openai' }, 'cdfg'],
  [{ gatewayKey: 'gateway-1', provider: 'openai', model: 'gpt-5-mini', customKey: 'mine' }, 'abcdfg'],
  [{ gatewayKey: 'gateway-1', provider: 'anthropic', model: 'gpt-5' }, 'abcdefg'],
  [{ gatewayKey: 'gateway-1', model: 'gpt' }, 'abcdefg'],
  [{ gatewayKey: 'gateway-1', customKey: '' }, 'abcdefg'],
  [{ gatewayKey: 'no such gateway' }, 'abcdefg'],
];

export interface OpenedCache {
  cache: AnswerCache;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

/** The `AnswerCache` contract. `open` gives an empty cache for each test, with the usual bounds. */
export function describeAnswerCache(name: string, open: () => Promise<OpenedCache>): void {
  describe(`AnswerCache contract: ${name}`, () => {
    let opened: OpenedCache;
    let cache: AnswerCache;
    beforeEach(async () => {
      opened = await open();
      cache = opened.cache;
    });
    afterEach(() => opened.dispose());

    const found = async (nowMs = START_MS) => {
      const names: string[] = [];
      for (const entry of Object.keys(ENTRIES)) if ((await cache.get(keyOf(entry), nowMs)) !== null) names.push(entry);
      return names.join('');
    };
    const putAll = () => {
      for (const [entry, fields] of Object.entries(ENTRIES)) cache.put(keyOf(entry), cachedAnswer(fields));
    };

    test('an answer comes back as it was put, every field, at once', () => {
      const answer = cachedAnswer({
        status: 203,
        headers: JSON.stringify({ 'x-vary': 'a=1, b=2', 'x-note': 'naïve "quoted"' }),
        body: Uint8Array.from({ length: 70_000 }, (_, i) => (i * i) & 0xff),
        customKey: 'key chosen by the client 👋',
        model: '',
      });
      cache.put(keyOf(1), answer);
      expect(cache.get(keyOf(1), START_MS)).toEqual(answer);
      expect(cache.get(keyOf(2), START_MS)).toBeNull();
    });

    test('an entry is alive until it expires, and never after', async () => {
      cache.put(keyOf(1), cachedAnswer());
      expect(await cache.get(keyOf(1), START_MS + TTL_MS - 1)).not.toBeNull();
      expect(await cache.get(keyOf(1), START_MS + TTL_MS)).toBeNull();
      expect(await cache.get(keyOf(1), START_MS + TTL_MS + 1)).toBeNull();
    });

    test('the last answer put under a key is the one that is found', async () => {
      cache.put(keyOf(1), cachedAnswer({ body: Buffer.from('old, and longer') }));
      cache.put(keyOf(1), cachedAnswer({ body: new Uint8Array(0) }));
      expect((await cache.get(keyOf(1), START_MS))?.body).toEqual(new Uint8Array(0));
      expect(await cache.purge({ gatewayKey: 'gateway-1' })).toBe(1);
    });

    test.each([16, 100_000])(
      'a body of %d bytes that is a part of a larger buffer does not keep that alive',
      async (bytes) => {
        const backing = new Uint8Array(1_000_000).fill(7);
        cache.put(keyOf(1), cachedAnswer({ body: backing.subarray(8, 8 + bytes) }));
        const body = (await cache.get(keyOf(1), START_MS))?.body;
        expect(body).toEqual(new Uint8Array(bytes).fill(7));
        expect(body?.buffer).not.toBe(backing.buffer);
      },
    );

    test('a body of 25 MiB is cached, one byte more is not', async () => {
      const body = new Uint8Array(MAX_CACHED_BODY_BYTES + 1);
      cache.put(keyOf(1), cachedAnswer({ body: body.slice(1) }));
      cache.put(keyOf(2), cachedAnswer({ body }));
      expect((await cache.get(keyOf(1), START_MS))?.body.byteLength).toBe(MAX_CACHED_BODY_BYTES);
      expect(await cache.get(keyOf(2), START_MS)).toBeNull();
    });

    test.each(PURGES)('a purge of %j leaves %s', async (selection, left) => {
      putAll();
      expect(await cache.purge(selection)).toBe(Object.keys(ENTRIES).length - left.length);
      expect(await found()).toBe(left);
      expect(await cache.purge(selection)).toBe(0);
    });

    test('a purge of a provider takes all gateways of the account and no other account', async () => {
      putAll();
      expect(await cache.purgeProvider('local', 'anthropic')).toBe(2);
      expect(await found()).toBe('abefg');
    });

    test('what is put after a purge is found', async () => {
      putAll();
      const purged = cache.purge({ gatewayKey: 'gateway-1' });
      cache.put(keyOf('a'), cachedAnswer({ body: Buffer.from('new') }));
      await purged;
      expect((await cache.get(keyOf('a'), START_MS))?.body).toEqual(new Uint8Array(Buffer.from('new')));
    });

    test('an answer that was asked for before a purge which selects it is not stored after it', async () => {
      const before = cache.epoch();
      await cache.purge({ gatewayKey: 'gateway-1', model: 'gpt-5' });
      for (const [entry, fields] of Object.entries(ENTRIES)) cache.put(keyOf(entry), cachedAnswer(fields), before);
      expect(await found()).toBe('acdefg');
      await cache.purgeProvider('local', 'anthropic');
      for (const [entry, fields] of Object.entries(ENTRIES)) cache.put(keyOf(entry), cachedAnswer(fields), before);
      expect(await found()).toBe('aefg');
      putAll();
      expect(await found()).toBe('abcdefg');
    });

    test('statistics count hits, misses and what is held', async () => {
      expect(cache.stats()).toMatchObject({ memoryEntries: 0, memoryBytes: 0, memoryHits: 0, misses: 0 });
      putAll();
      await cache.get(keyOf('a'), START_MS);
      await cache.get(keyOf('a'), START_MS + TTL_MS);
      await cache.get(keyOf('no such entry'), START_MS);
      const stats = cache.stats();
      expect(stats).toMatchObject({ memoryEntries: 6, memoryHits: 1, diskHits: 0, misses: 2, droppedWrites: 0 });
      expect(stats.memoryBytes).toBeGreaterThan(6 * '{"ok":true}'.length);
      expect(stats.lastError).toBeNull();
    });
  });
}
