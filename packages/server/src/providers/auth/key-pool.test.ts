import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Secret } from '../../lib/index.ts';
import { KeyPool, type PooledKey } from './key-pool.ts';

const key = (id: string, rest: Partial<PooledKey> = {}): PooledKey => ({ id, secret: new Secret(id), ...rest });
const [a, b, c] = [key('a'), key('b'), key('c')];
const first = () => 0;
const T = 1_000_000;

interface Uses {
  left: number;
  waitMs: number;
}

/** Id of the chosen key, or what was answered in its place. `limits`: uses left by key id. */
function pick(
  pool: KeyPool,
  keys: readonly PooledKey[],
  {
    nowMs = T,
    random = first,
    limits = {},
  }: { nowMs?: number; random?: () => number; limits?: Record<string, Uses> } = {},
): string | number {
  const admit = ({ id }: PooledKey) => {
    const uses = limits[id];
    if (uses === undefined) return null;
    uses.left -= 1;
    return uses.left >= 0 ? null : uses.waitMs;
  };
  const picked = pool.pick({ keys, admit, nowMs, random });
  if (picked.kind === 'key') return picked.key.id;
  return picked.kind === 'limited' ? picked.retryAfterMs : picked.kind;
}
const failed = (status: number, retryAfterMs: number | null = null, nowMs = T) => ({ status, retryAfterMs, nowMs });

describe('the choice goes by weight', () => {
  const DRAWS: readonly (readonly [draw: number, chosen: string])[] = [
    [0, 'a'],
    [0.2499, 'a'],
    [0.25, 'b'],
    [0.7499, 'b'],
    [0.75, 'c'],
    [0.9999, 'c'],
  ];
  for (const [draw, chosen] of DRAWS) {
    test(`weights 1, 2, 1: a draw of ${draw} gives ${chosen}`, () => {
      const keys = [a, key('b', { weight: 2 }), key('c', { weight: 1 })];
      expect(pick(new KeyPool(), keys, { random: () => draw })).toBe(chosen);
    });
  }

  test('a key of weight 0 waits until no other can be used', () => {
    const pool = new KeyPool();
    const keys = [key('spare', { weight: 0 }), b];
    for (const draw of [0, 0.5, 0.9999999999999999]) expect(pick(pool, keys, { random: () => draw })).toBe('b');
    pool.report('b', failed(429));
    expect(pick(pool, keys)).toBe('spare');
  });

  test('nor when rounding leaves a draw beyond the last weight', () => {
    const keys = [key('spare', { weight: 0 }), key('a', { weight: 0.1 }), key('b', { weight: 0.1 })];
    const highest = 1 - 2 ** -53;
    expect(pick(new KeyPool(), [...keys, key('c', { weight: 0.4 })], { random: () => highest })).toBe('c');
  });

  test('without keys there is none', () => expect(pick(new KeyPool(), [])).toBe('empty'));
});

describe('a key rests after the provider turned it away', () => {
  const RESTS: readonly (readonly [status: number, retryAfterMs: number | null, restMs: number])[] = [
    [401, null, 300_000],
    [403, null, 300_000],
    [401, 1_000, 300_000],
    [429, null, 10_000],
    [429, 42_000, 42_000],
    [429, 0, 1],
    [429, 86_400_000, 3_600_000],
  ];
  for (const [status, retryAfterMs, restMs] of RESTS) {
    test(`${status}, Retry-After ${retryAfterMs}: for ${restMs} ms`, () => {
      const pool = new KeyPool();
      pool.report('a', failed(status, retryAfterMs));
      expect(pick(pool, [a, b], { nowMs: T + restMs - 1 })).toBe('b');
      expect(pick(pool, [a, b], { nowMs: T + restMs })).toBe('a');
    });
  }

  for (const status of [400, 404, 408, 500, 502, 503, 529]) {
    test(`not after ${status}`, () => {
      const pool = new KeyPool();
      pool.report('a', failed(status, 60_000));
      expect(pick(pool, [a, b])).toBe('a');
    });
  }

  test('a success ends the rest, an error of another kind does not', () => {
    const pool = new KeyPool();
    pool.report('a', failed(401));
    pool.report('a', failed(500));
    expect(pick(pool, [a, b])).toBe('b');
    pool.report('a', failed(200));
    expect(pick(pool, [a, b])).toBe('a');
  });

  test('when all rest, the one that is free first is used', () => {
    const pool = new KeyPool();
    pool.report('a', failed(401));
    pool.report('b', failed(429, 5_000));
    pool.report('c', failed(429, 9_000));
    expect(pick(pool, [a, b, c])).toBe('b');
    expect(pick(pool, [a])).toBe('a');
  });
});

describe('a key’s own rate limit', () => {
  test('used up, the next key is taken, and when there is none the shortest wait is told', () => {
    const pool = new KeyPool();
    const limits = { a: { left: 2, waitMs: 50_000 }, b: { left: 1, waitMs: 20_000 } };
    expect([0, 1, 2, 3].map(() => pick(pool, [a, b], { limits }))).toEqual(['a', 'a', 'b', 20_000]);
  });

  test('a key within its limit but at rest is used before the call is refused', () => {
    const pool = new KeyPool();
    pool.report('b', failed(429));
    const limits = { a: { left: 1, waitMs: 60_000 } };
    expect([pick(pool, [a, b], { limits }), pick(pool, [a, b], { limits })]).toEqual(['a', 'b']);
  });

  test('only the key that is chosen is counted', () => {
    const limits = { a: { left: 9, waitMs: 1 }, b: { left: 9, waitMs: 1 } };
    pick(new KeyPool(), [a, b], { limits, random: () => 0.9 });
    expect([limits.a.left, limits.b.left]).toEqual([9, 8]);
  });
});

test('whatever happened, a key without rate limits is always found, and never one at rest beside one that is not', () => {
  const event = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    status: fc.constantFrom(200, 401, 403, 429, 500),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 100_000 })),
    laterMs: fc.integer({ min: 0, max: 400_000 }),
  });
  fc.assert(
    fc.property(fc.array(event), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (events, draw) => {
      const pool = new KeyPool();
      const freeAt = new Map<string, number>();
      let nowMs = T;
      for (const { id, status, retryAfterMs, laterMs } of events) {
        pool.report(id, { status, retryAfterMs, nowMs });
        if (status === 200) freeAt.delete(id);
        else if (status === 429) freeAt.set(id, nowMs + Math.max(retryAfterMs ?? 10_000, 1));
        else if (status < 500) freeAt.set(id, nowMs + 300_000);
        nowMs += laterMs;
      }
      const chosen = pick(pool, [a, b, c], { nowMs, random: () => draw });
      const free = ['a', 'b', 'c'].filter((id) => (freeAt.get(id) ?? 0) <= nowMs);
      if (free.length > 0) expect(free).toContain(String(chosen));
      else expect(freeAt.get(String(chosen))).toBe(Math.min(...freeAt.values()));
    }),
  );
});

test('no more than 10,000 keys are remembered; the longest unused is forgotten', () => {
  const pool = new KeyPool();
  pool.report('a', failed(401));
  pool.report('b', failed(401));
  pool.report('a', failed(401));
  for (let n = 0; n < 9_999; n++) pool.report(`k${n}`, failed(401));
  expect(pick(pool, [b, c])).toBe('b');
  expect(pick(pool, [a, c])).toBe('c');
});
