import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Claim, CounterStore, CounterWindow, Reservation } from '../counter-ports.ts';

export interface OpenedCounters {
  store: CounterStore;
  /** Closes it and removes what it left. */
  dispose(): void;
}

const MINUTE = 60_000;
/** A whole minute. */
const START = Date.UTC(2030, 0, 1, 12, 0);
const window = (limit: number, technique: 'fixed' | 'sliding', intervalMs = MINUTE): CounterWindow => ({
  limit: BigInt(limit),
  intervalMs,
  technique,
});
const claim = (key: string, limit: number, amount: number, enforced = true): Claim => ({
  key,
  window: window(limit, 'sliding'),
  amount: BigInt(amount),
  enforced,
});

/** The `CounterStore` contract. `open` gives an empty store for each test, with the default bounds. */
export function describeCounterStore(name: string, open: () => OpenedCounters): void {
  describe(`CounterStore contract: ${name}`, () => {
    let opened: OpenedCounters;
    let store: CounterStore;
    beforeEach(() => {
      opened = open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const granted = (key: string, w: CounterWindow, atMs: number, amount = 1n) =>
      store.take(key, w, amount, atMs).granted;
    const used = (key: string, w: CounterWindow, atMs: number) => Number(store.peek(key, w, atMs).used);
    const reserve = (claims: Claim[], atMs = START): Reservation => {
      const outcome = store.reserve(claims, atMs);
      if (!outcome.granted) throw new Error(`refused by claim ${outcome.refusedBy}`);
      return outcome.reservation;
    };

    test('ten at the end of one fixed window and ten at the start of the next all pass, in a sliding one they do not', () => {
      const tenMinutes = 10 * MINUTE;
      for (const [technique, passed] of [
        ['fixed', 20],
        ['sliding', 10],
      ] as const) {
        const w = window(10, technique, tenMinutes);
        const times = [9, 11].flatMap((minute) => Array.from({ length: 10 }, (_, i) => START + minute * MINUTE + i));
        expect(times.filter((atMs) => granted(technique, w, atMs)).length).toBe(passed);
      }
    });

    test('fixed windows start at multiples of the interval, wherever the first request falls', () => {
      const w = window(1, 'fixed');
      expect(granted('k', w, START + 59_999)).toBe(true);
      expect(granted('k', w, START + 59_999)).toBe(false);
      expect(granted('k', w, START + 60_000)).toBe(true);
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 100_000 }),
          fc.integer({ min: 0, max: 4_000_000_000_000 }),
          fc.integer({ min: 0, max: 200_000 }),
          (intervalMs, firstMs, laterMs) => {
            const other = window(1, 'fixed', intervalMs);
            const key = `${intervalMs} ${firstMs} ${laterMs}`;
            expect(granted(key, other, firstMs)).toBe(true);
            const sameWindow = Math.floor(firstMs / intervalMs) === Math.floor((firstMs + laterMs) / intervalMs);
            expect(granted(key, other, firstMs + laterMs)).toBe(!sameWindow);
          },
        ),
      );
    });

    test('what was taken in a sliding window counts for exactly the interval', () => {
      const w = window(2, 'sliding');
      expect([0, 10, 20, 59_999, 60_000, 60_009, 60_010].map((ms) => granted('k', w, START + ms))).toEqual([
        true,
        true,
        false,
        false,
        true,
        false,
        true,
      ]);
    });

    test('a refusal counts nothing and says when the amount would fit', () => {
      const w = window(10, 'sliding');
      store.take('k', w, 4n, START);
      store.take('k', w, 4n, START + 1_000);
      expect(store.take('k', w, 3n, START + 2_000)).toEqual({
        granted: false,
        limit: 10n,
        used: 8n,
        remaining: 2n,
        resetMs: 58_000,
      });
      expect(store.take('k', w, 7n, START + 2_000).resetMs).toBe(59_000);
      expect(store.take('k', w, 2n, START + 2_000)).toEqual({
        granted: true,
        limit: 10n,
        used: 10n,
        remaining: 0n,
        resetMs: 58_000,
      });
    });

    test('the time that a refusal names is the first at which the amount fits', () => {
      const taken = fc.record({ gapMs: fc.integer({ min: 0, max: 30_000 }), amount: fc.bigInt({ min: 1n, max: 5n }) });
      fc.assert(
        fc.property(
          fc.array(taken, { maxLength: 20 }),
          fc.bigInt({ min: 1n, max: 10n }),
          fc.constantFrom('fixed' as const, 'sliding' as const),
          (takes, amount, technique) => {
            const key = `${technique} ${amount} ${takes.map((take) => `${take.gapMs}:${take.amount}`)}`;
            const w = window(10, technique);
            let nowMs = START;
            for (const take of takes) {
              nowMs += take.gapMs;
              store.take(key, w, take.amount, nowMs);
            }
            const refusal = store.take(key, w, amount, nowMs);
            if (refusal.granted) return;
            expect(refusal.resetMs).toBeGreaterThan(0);
            expect(store.take(key, w, amount, nowMs + refusal.resetMs - 1).granted).toBe(false);
            expect(store.take(key, w, amount, nowMs + refusal.resetMs).granted).toBe(true);
          },
        ),
      );
    });

    test('an amount over the limit never fits: come back in an interval', () => {
      expect(store.take('k', window(3, 'sliding'), 4n, START)).toMatchObject({ granted: false, resetMs: MINUTE });
      expect(store.take('k', window(0, 'sliding'), 0n, START)).toMatchObject({ granted: false, resetMs: MINUTE });
    });

    test('nothing at all is asked of a limit that is used up, and it refuses even so', () => {
      const w = window(2, 'sliding');
      expect(granted('k', w, START, 0n)).toBe(true);
      expect(granted('k', w, START, 2n)).toBe(true);
      expect(store.take('k', w, 0n, START + 1)).toMatchObject({ granted: false, used: 2n, resetMs: MINUTE - 1 });
    });

    test('a sliding window answers as a list of everything that was taken would', () => {
      const step = fc.record({
        gapMs: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 90 })),
        amount: fc.bigInt({ min: 0n, max: 6n }),
      });
      let run = 0;
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const [key, w] = [`run ${run++}`, window(12, 'sliding', 100)];
          const list: { atMs: number; amount: bigint }[] = [];
          let nowMs = START;
          for (const { gapMs, amount } of steps) {
            nowMs += gapMs;
            const sum = list.filter(({ atMs }) => atMs > nowMs - 100).reduce((total, one) => total + one.amount, 0n);
            const fits = sum < 12n && sum + amount <= 12n;
            if (fits) list.push({ atMs: nowMs, amount });
            const decision = store.take(key, w, amount, nowMs);
            expect({ granted: decision.granted, used: decision.used }).toEqual({
              granted: fits,
              used: fits ? sum + amount : sum,
            });
          }
        }),
      );
    });

    test('keys do not touch each other', () => {
      const w = window(1, 'fixed');
      expect([granted('a', w, START), granted('b', w, START), granted('a', w, START)]).toEqual([true, true, false]);
    });

    test('another limit moves the bar, another interval or technique starts from nothing', () => {
      expect(granted('k', window(2, 'sliding'), START, 2n)).toBe(true);
      expect(store.peek('k', window(1, 'sliding'), START)).toMatchObject({ used: 2n, remaining: 0n });
      expect(granted('k', window(3, 'sliding'), START)).toBe(true);
      expect(used('k', window(3, 'fixed'), START)).toBe(0);
      expect(granted('k', window(1, 'sliding', 1_000), START)).toBe(true);
      expect(used('k', window(3, 'sliding'), START)).toBe(0);
    });

    test('money beyond 64 bits and beyond the exact range of doubles is counted to the unit', () => {
      const w: CounterWindow = { limit: 10n ** 30n, intervalMs: MINUTE, technique: 'sliding' };
      store.take('k', w, 10n ** 29n, START);
      store.take('k', w, 1n, START);
      expect(store.peek('k', w, START)).toMatchObject({ used: 10n ** 29n + 1n, remaining: 9n * 10n ** 29n - 1n });
    });

    test('a reserved amount counts until the actual one replaces it', () => {
      const w = window(10, 'sliding');
      const first = reserve([claim('k', 10, 8)]);
      expect(store.reserve([claim('k', 10, 3)], START + 5)).toMatchObject({ granted: false, refusedBy: 0 });
      first.settle(5n, START + 10);
      expect(used('k', w, START + 10)).toBe(5);
      expect(store.reserve([claim('k', 10, 5)], START + 10).granted).toBe(true);
    });

    test('what costs more than was reserved counts in full, from when it is known, and the next is refused', () => {
      const w = window(10, 'sliding');
      reserve([claim('k', 10, 2)]).settle(13n, START + 30_000);
      expect(store.peek('k', w, START + 30_000)).toMatchObject({ used: 13n, remaining: 0n });
      expect(store.reserve([claim('k', 10, 0)], START + 30_001).granted).toBe(false);
      expect(used('k', w, START + MINUTE)).toBe(11);
      expect(used('k', w, START + 30_000 + MINUTE)).toBe(0);
    });

    test('only the first settle or release counts', () => {
      const w = window(10, 'sliding');
      const reservation = reserve([claim('k', 10, 6)]);
      reservation.settle(4n, START);
      reservation.settle(9n, START);
      reservation.release(START);
      expect(used('k', w, START)).toBe(4);
    });

    test('release gives everything back, and never more than was there', () => {
      const reservation = reserve([claim('a', 10, 6), claim('b', 10, 6)]);
      store.take('a', window(10, 'sliding'), 1n, START + 1);
      reservation.release(START + 2);
      expect([used('a', window(10, 'sliding'), START + 2), used('b', window(10, 'sliding'), START + 2)]).toEqual([
        1, 0,
      ]);
    });

    test('a reservation that outlived its window gives nothing back', () => {
      const w = window(10, 'sliding');
      const reservation = reserve([claim('k', 10, 6)]);
      store.take('k', w, 7n, START + MINUTE);
      reservation.release(START + MINUTE);
      expect(used('k', w, START + MINUTE)).toBe(7);
    });

    test('a reservation whose counter was replaced by one of another window adds to it, and takes nothing from it', () => {
      const [cheap, dear] = [reserve([claim('k', 10, 4)]), reserve([claim('k', 10, 4)])];
      const fixed = window(100, 'fixed');
      store.take('k', fixed, 9n, START + 1);
      cheap.settle(1n, START + 2);
      expect(used('k', fixed, START + 2)).toBe(9);
      dear.settle(6n, START + 3);
      expect(used('k', fixed, START + 3)).toBe(11);
    });

    test('all claims are reserved or none', () => {
      const claims = (amount: number) => [claim('a', 10, amount), claim('b', 5, amount), claim('c', 10, amount)];
      expect(store.reserve(claims(6), START)).toMatchObject({ granted: false, refusedBy: 1, decision: { limit: 5n } });
      expect(['a', 'b', 'c'].map((key) => used(key, window(10, 'sliding'), START))).toEqual([0, 0, 0]);
      expect(store.reserve(claims(5), START).granted).toBe(true);
      expect(['a', 'b', 'c'].map((key) => used(key, window(10, 'sliding'), START))).toEqual([5, 5, 5]);
    });

    test('a claim that is not enforced never refuses, counts all the same, and is named when it is over', () => {
      const claims = [claim('watched', 3, 2, false), claim('held', 10, 2)];
      expect(store.reserve(claims, START)).toMatchObject({ granted: true, over: [] });
      expect(store.reserve(claims, START)).toMatchObject({ granted: true, over: [0] });
      expect(used('watched', window(3, 'sliding'), START)).toBe(4);
    });

    test('interleaved reservations never pass the limit while actual amounts stay within the reserved ones', () => {
      const call = fc.record({
        startMs: fc.integer({ min: 0, max: 400 }),
        durationMs: fc.integer({ min: 0, max: 300 }),
        reserved: fc.integer({ min: 0, max: 6 }),
        saved: fc.integer({ min: 0, max: 6 }),
      });
      let run = 0;
      fc.assert(
        fc.property(fc.array(call, { maxLength: 60 }), fc.constantFrom('fixed', 'sliding'), (calls, technique) => {
          const [key, intervalMs, limit] = [`run ${run++}`, 100, 12];
          const w = window(limit, technique, intervalMs);
          const spent: { atMs: number; amount: number }[] = [];
          const events = calls.flatMap(({ startMs, durationMs, reserved, saved }) => {
            let reservation: Reservation | null = null;
            const actual = Math.max(0, reserved - saved);
            const start = (nowMs: number) => {
              const outcome = store.reserve([{ key, window: w, amount: BigInt(reserved), enforced: true }], nowMs);
              if (!outcome.granted) return;
              reservation = outcome.reservation;
              spent.push({ atMs: nowMs, amount: actual });
            };
            return [
              { atMs: START + startMs, run: start },
              {
                atMs: START + startMs + durationMs,
                run: (nowMs: number) => reservation?.settle(BigInt(actual), nowMs),
              },
            ];
          });
          for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
            event.run(event.atMs);
            expect(store.peek(key, w, event.atMs).used).toBeLessThanOrEqual(BigInt(limit));
          }
          for (const { atMs: endMs } of spent) {
            const from = technique === 'fixed' ? endMs - (endMs % intervalMs) - 1 : endMs - intervalMs;
            const inWindow = spent.filter(({ atMs }) => atMs > from && atMs <= endMs);
            expect(inWindow.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
          }
        }),
      );
    });

    test('settling agrees with a list of reservations in which each amount is replaced', () => {
      const action = fc.oneof(
        fc.record({ gapMs: fc.integer({ min: 0, max: 20 }), reserved: fc.integer({ min: 0, max: 9 }) }),
        fc.record({
          gapMs: fc.integer({ min: 0, max: 20 }),
          which: fc.nat({ max: 20 }),
          actual: fc.integer({ min: 0, max: 15 }),
        }),
      );
      let run = 0;
      fc.assert(
        fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
          const [key, w] = [`run ${run++}`, window(1_000_000, 'sliding', 100)];
          const entries: { atMs: number; amount: number }[] = [];
          const open: { reservation: Reservation; reserved: number; entry: { atMs: number; amount: number } }[] = [];
          let nowMs = START;
          for (const one of actions) {
            nowMs += one.gapMs;
            if ('reserved' in one) {
              const entry = { atMs: nowMs, amount: one.reserved };
              entries.push(entry);
              const reservation = reserve([{ key, window: w, amount: BigInt(one.reserved), enforced: true }], nowMs);
              open.push({ reservation, reserved: one.reserved, entry });
            } else if (open.length > 0) {
              const [held] = open.splice(one.which % open.length, 1);
              held?.reservation.settle(BigInt(one.actual), nowMs);
              if (held === undefined) continue;
              held.entry.amount = Math.min(held.reserved, one.actual);
              entries.push({ atMs: nowMs, amount: Math.max(0, one.actual - held.reserved) });
            }
            const sum = entries
              .filter(({ atMs }) => atMs > nowMs - 100)
              .reduce((total, { amount }) => total + amount, 0);
            expect(used(key, w, nowMs)).toBe(sum);
          }
        }),
      );
    });

    test('a wall clock that is set back neither frees what was counted nor locks it up', () => {
      const w = window(2, 'sliding');
      store.take('k', w, 2n, START);
      const back = START - 24 * 60 * MINUTE;
      expect(granted('k', w, back)).toBe(false);
      expect(granted('k', w, back + MINUTE - 1)).toBe(false);
      expect(granted('k', w, back + MINUTE)).toBe(true);
      const fixed = window(1, 'fixed');
      store.take('f', fixed, 1n, START);
      expect([granted('f', fixed, back + 1), granted('f', fixed, back + MINUTE)]).toEqual([false, true]);
    });

    test('a settled reservation is found again after the clock was set back', () => {
      const w = window(10, 'sliding');
      const reservation = reserve([claim('k', 10, 8)], START);
      expect(used('k', w, START - 5)).toBe(8);
      reservation.settle(3n, START + 1);
      expect(used('k', w, START + 1)).toBeLessThanOrEqual(8);
      expect(used('k', w, START + 1)).toBeGreaterThanOrEqual(3);
    });

    test('health counts the counters', () => {
      store.take('a', window(1, 'fixed'), 1n, START);
      store.take('b', window(1, 'fixed'), 1n, START);
      expect(store.health()).toMatchObject({ counters: 2, evicted: 0, lastError: null, setAside: null });
    });
  });
}
