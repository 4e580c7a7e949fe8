import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { CounterWindow } from '../counter-ports.ts';
import { CounterSet } from './counter-set.ts';

const START = Date.UTC(2030, 0, 1);
const minute: CounterWindow = { limit: 1_000_000n, intervalMs: 60_000, technique: 'sliding' };

describe('bounds', () => {
  test('counters that are empty make room for new ones, without a limit being forgotten', () => {
    const set = new CounterSet({ maxCounters: 1_000, maxEntries: 1_000 }, null);
    for (let i = 0; i < 20_000; i++) set.take(`user ${i}`, minute, 1n, START + i * 1_000);
    expect(set.size).toBeLessThan(120);
    expect(set.evicted).toBe(0);
  });

  test('when there are too many that are not empty, those go that would be empty soonest, and it is counted', () => {
    const set = new CounterSet({ maxCounters: 100, maxEntries: 1_000 }, null);
    const month: CounterWindow = { ...minute, intervalMs: 30 * 86_400_000 };
    set.take('budget', month, 7n, START);
    for (let i = 0; i < 1_000; i++) set.take(`user ${i}`, minute, 1n, START + i);
    expect(set.size).toBe(100);
    expect(set.evicted).toBe(901);
    expect(set.peek('budget', month, START + 1_000).used).toBe(7n);
  });

  test('a counter holds no more entries than its share, and still the exact sum', () => {
    const set = new CounterSet({ maxCounters: 10, maxEntries: 64 }, null);
    for (let ms = 0; ms < 50_000; ms += 7) set.take('k', minute, 1n, START + ms);
    expect([...(set.get('k')?.entries() ?? [])].length).toBeLessThanOrEqual(64);
    expect(set.peek('k', minute, START + 50_000).used).toBe(BigInt(Math.ceil(50_000 / 7)));
  });

  test('without pressure every millisecond is kept', () => {
    const set = new CounterSet({ maxCounters: 10, maxEntries: 100_000 }, null);
    for (let ms = 0; ms < 60_000; ms++) set.take('k', minute, 1n, START + ms);
    for (let ms = 0; ms < 60_000; ms += 997) {
      expect(set.peek('k', minute, START + 60_000 + ms).used).toBe(BigInt(59_999 - ms));
    }
  });

  test('merged entries never free up early, and late by less than a 32nd of the window', () => {
    const interval = 64_000;
    const w: CounterWindow = { limit: 10n ** 9n, intervalMs: interval, technique: 'sliding' };
    const step = fc.record({ gapMs: fc.nat({ max: 600 }), amount: fc.bigInt({ min: 1n, max: 9n }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 200, maxLength: 600 }), fc.nat({ max: 20 }), (steps, others) => {
        const set = new CounterSet({ maxCounters: 100, maxEntries: 256 }, null);
        const list: { atMs: number; amount: bigint }[] = [];
        const sumSince = (fromMs: number) =>
          list.filter(({ atMs }) => atMs > fromMs).reduce((sum, { amount }) => sum + amount, 0n);
        let nowMs = START;
        for (const [i, { gapMs, amount }] of steps.entries()) {
          nowMs += gapMs;
          // More counters on the way leave smaller shares: cells of several sizes merge into each other.
          if (i % 50 === 0) for (let n = 0; n < others; n++) set.take(`other ${n}`, w, 1n, nowMs);
          set.take('k', w, amount, nowMs);
          list.push({ atMs: nowMs, amount });
          const { used } = set.peek('k', w, nowMs);
          expect(used).toBeGreaterThanOrEqual(sumSince(nowMs - interval));
          expect(used).toBeLessThanOrEqual(sumSince(nowMs - interval - interval / 32));
        }
      }),
      { numRuns: 20 },
    );
  });
});
