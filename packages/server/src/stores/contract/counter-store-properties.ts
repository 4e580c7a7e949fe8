import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { CounterStore, CounterWindow, Reservation } from '../counter-ports.ts';

const START = Date.UTC(2030, 0, 1, 12, 0);
const window = (limit: number, technique: 'fixed' | 'sliding', intervalMs = 60_000): CounterWindow => ({
  limit: BigInt(limit),
  intervalMs,
  technique,
});

/** What a `CounterStore` must do whatever it is asked, checked against lists that are too simple to be wrong. */
export function counterStoreProperties(store: () => CounterStore): void {
  test('fixed windows start at multiples of the interval, wherever the first request falls', () => {
    let run = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.integer({ min: 0, max: 200_000 }),
        (intervalMs, firstMs, laterMs) => {
          const other = window(1, 'fixed', intervalMs);
          const key = `run ${run++}`;
          expect(store().take(key, other, 1n, firstMs).granted).toBe(true);
          const sameWindow = Math.floor(firstMs / intervalMs) === Math.floor((firstMs + laterMs) / intervalMs);
          expect(store().take(key, other, 1n, firstMs + laterMs).granted).toBe(!sameWindow);
        },
      ),
    );
  });

  test('the time that a refusal names is the first at which the amount fits', () => {
    const taken = fc.record({ gapMs: fc.integer({ min: 0, max: 30_000 }), amount: fc.bigInt({ min: 1n, max: 5n }) });
    let run = 0;
    fc.assert(
      fc.property(
        fc.array(taken, { maxLength: 20 }),
        fc.bigInt({ min: 1n, max: 10n }),
        fc.constantFrom('fixed' as const, 'sliding' as const),
        (takes, amount, technique) => {
          const [key, w] = [`run ${run++}`, window(10, technique)];
          let nowMs = START;
          for (const take of takes) {
            nowMs += take.gapMs;
            store().take(key, w, take.amount, nowMs);
          }
          const refusal = store().take(key, w, amount, nowMs);
          if (refusal.granted) return;
          expect(refusal.resetMs).toBeGreaterThan(0);
          expect(store().take(key, w, amount, nowMs + refusal.resetMs - 1).granted).toBe(false);
          expect(store().take(key, w, amount, nowMs + refusal.resetMs).granted).toBe(true);
        },
      ),
    );
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
          const decision = store().take(key, w, amount, nowMs);
          expect({ granted: decision.granted, used: decision.used }).toEqual({
            granted: fits,
            used: fits ? sum + amount : sum,
          });
        }
      }),
    );
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
            const outcome = store().reserve([{ key, window: w, amount: BigInt(reserved), enforced: true }], nowMs);
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
          expect(store().peek(key, w, event.atMs).used).toBeLessThanOrEqual(BigInt(limit));
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
            const outcome = store().reserve([{ key, window: w, amount: BigInt(one.reserved), enforced: true }], nowMs);
            if (!outcome.granted) throw new Error('refused');
            const { reservation } = outcome;
            open.push({ reservation, reserved: one.reserved, entry });
          } else if (open.length > 0) {
            const [held] = open.splice(one.which % open.length, 1);
            held?.reservation.settle(BigInt(one.actual), nowMs);
            if (held === undefined) continue;
            held.entry.amount = Math.min(held.reserved, one.actual);
            entries.push({ atMs: nowMs, amount: Math.max(0, one.actual - held.reserved) });
          }
          const sum = entries.filter(({ atMs }) => atMs > nowMs - 100).reduce((total, { amount }) => total + amount, 0);
          expect(store().peek(key, w, nowMs).used).toBe(BigInt(sum));
        }
      }),
    );
  });
}
