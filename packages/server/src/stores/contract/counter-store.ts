import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Claim, CounterStore, CounterWindow, Reservation } from '../counter-ports.ts';
import { counterStoreProperties } from './counter-store-properties.ts';

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

    test('a fixed window starts on the clock, not with the first request', () => {
      const w = window(1, 'fixed');
      expect(granted('k', w, START + 59_999)).toBe(true);
      expect(granted('k', w, START + 59_999)).toBe(false);
      expect(granted('k', w, START + 60_000)).toBe(true);
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

    counterStoreProperties(() => store);
  });
}
