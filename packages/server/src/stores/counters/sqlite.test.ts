import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FakeClock } from '../../../../../test/support/fake-clock.ts';
import { describeCounterStore } from '../contract/index.ts';
import type { CounterStore, CounterWindow } from '../counter-ports.ts';
import { openSqliteCounters } from './index.ts';
import { KILLED } from './killed-process.support.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-counters-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${files++}.db`);

describeCounterStore('sqlite', () => {
  const store = openSqliteCounters({ file: newFile(), clock: new FakeClock() });
  return { store, dispose: () => store.close() };
});

const hour: CounterWindow = { limit: 1_000n, intervalMs: 3_600_000, technique: 'sliding' };

describe('counters on disk', () => {
  test('a process killed by SIGKILL forgets what it took since the last batch, and counts its reservations as spent', async () => {
    const file = newFile();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'killed-process.support.ts'), file], {
      stderr: 'inherit',
    });
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
    const clock = new FakeClock(KILLED.startMs + 1_000);
    const store = openSqliteCounters({ file, clock });
    expect(store.peek('calls', KILLED.window, clock.nowMs()).used).toBe(KILLED.written);
    expect(store.peek('money', KILLED.window, clock.nowMs())).toMatchObject({
      used: KILLED.reserved,
      resetMs: 3_599_000,
    });
    expect(store.peek('money', KILLED.window, KILLED.startMs + 3_600_000).used).toBe(0n);
    store.close();
  });

  test('writes happen once per batch, 250 ms after the first change, and not at all without changes', () => {
    const file = newFile();
    const clock = new FakeClock();
    const store = openSqliteCounters({ file, clock });
    const reader = new Database(file, { readonly: true });
    const rows = () => reader.query('SELECT sum(amount) AS sum FROM entries').get();
    expect(clock.pending).toBe(0);
    store.take('k', hour, 1n, clock.nowMs());
    clock.advance(200);
    store.take('k', hour, 1n, clock.nowMs());
    expect([clock.pending, store.health().unwritten, rows()]).toEqual([1, 1, { sum: null }]);
    clock.advance(50);
    expect([clock.pending, store.health().unwritten, rows()]).toEqual([0, 0, { sum: 2 }]);
    reader.close();
    store.close();
  });

  test('reopened, counters stand exactly where they stood', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const amount = fc.bigInt({ min: 1n, max: 300n });
    const action = fc.oneof(
      fc.record({ do: fc.constant('take' as const), key, amount }),
      fc.record({ do: fc.constant('reserve' as const), key, amount, actual: amount, afterMs: fc.nat({ max: 500 }) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 700 }) }),
      fc.record({ do: fc.constant('step back' as const), ms: fc.nat({ max: 50 }) }),
    );
    const windows: CounterWindow[] = [
      { limit: 900n, intervalMs: 1_000, technique: 'sliding' },
      { limit: 900n, intervalMs: 1_000, technique: 'fixed' },
    ];
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 40 }),
        fc.constantFrom(...windows),
        fc.constantFrom(2, 9),
        (actions, window, maxCounters) => {
          const file = newFile();
          const clock = new FakeClock();
          const store = openSqliteCounters({ file, clock, bounds: { maxCounters, maxEntries: 1_000 } });
          for (const one of actions) {
            if (one.do === 'take') store.take(one.key, window, one.amount, clock.nowMs());
            if (one.do === 'wait') clock.advance(one.ms);
            if (one.do === 'step back') clock.stepWall(-one.ms);
            if (one.do !== 'reserve') continue;
            const outcome = store.reserve([{ ...one, window, enforced: true }], clock.nowMs());
            if (outcome.granted) clock.after(one.afterMs, () => outcome.reservation.settle(one.actual, clock.nowMs()));
          }
          const stand = (from: typeof store) => ['a', 'b', 'c'].map((k) => from.peek(k, window, clock.nowMs()));
          const before = stand(store);
          store.close();
          const reopened = openSqliteCounters({ file, clock });
          expect(stand(reopened)).toEqual(before);
          reopened.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each<[string, (store: CounterStore, clock: FakeClock) => void]>([
    [
      'a reservation settled after it was written',
      (store, clock) => {
        const outcome = store.reserve([{ key: 'k', window: hour, amount: 100n, enforced: true }], clock.nowMs());
        clock.advance(250);
        if (outcome.granted) outcome.reservation.settle(40n, clock.nowMs());
      },
    ],
    [
      'a clock set back after the batch',
      (store, clock) => {
        store.take('k', hour, 5n, clock.nowMs());
        clock.advance(250);
        clock.stepWall(-60_000);
        store.peek('k', hour, clock.nowMs());
        clock.advance(10_000);
      },
    ],
    [
      'entries merged after they were written',
      (store, clock) => {
        store.take('k', hour, 1n, clock.nowMs());
        clock.advance(600_000);
        for (let i = 0; i < 200; i++) {
          store.take('k', hour, 1n, clock.nowMs());
          clock.advance(10);
        }
      },
    ],
    [
      'a reservation released after its key went to another window',
      (store, clock) => {
        const minute: CounterWindow = { ...hour, intervalMs: 60_000 };
        const outcome = store.reserve([{ key: 'k', window: minute, amount: 100n, enforced: true }], clock.nowMs());
        store.take('k', hour, 5n, clock.nowMs());
        clock.advance(250);
        if (outcome.granted) outcome.reservation.release(clock.nowMs());
      },
    ],
  ])('reopened, a counter stands where it stood: %s', (_, act) => {
    const [file, clock] = [newFile(), new FakeClock()];
    const store = openSqliteCounters({ file, clock, bounds: { maxCounters: 10, maxEntries: 64 } });
    act(store, clock);
    const before = store.peek('k', hour, clock.nowMs());
    store.close();
    const reopened = openSqliteCounters({ file, clock });
    expect(before.used).toBeGreaterThan(0n);
    expect(reopened.peek('k', hour, clock.nowMs())).toEqual(before);
    reopened.close();
  });

  test('what has left its window is gone from the file', () => {
    const file = newFile();
    const clock = new FakeClock();
    const minute: CounterWindow = { limit: 1_000n, intervalMs: 60_000, technique: 'sliding' };
    const store = openSqliteCounters({ file, clock });
    for (let i = 0; i < 100; i++) {
      store.take('busy', minute, 1n, clock.nowMs());
      store.take(`once ${i}`, minute, 1n, clock.nowMs());
      clock.advance(10_000);
    }
    const count = (table: string) =>
      new Database(file, { readonly: true }).query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    expect(count("entries WHERE counter = (SELECT id FROM counters WHERE key = 'busy')")).toBe(6);
    expect(count('counters')).toBeLessThan(20);
    clock.advance(60_000);
    store.close();
    openSqliteCounters({ file, clock }).close();
    expect([count('entries'), count('counters')]).toEqual([0, 0]);
  });

  test('a file that is no database is moved aside and counting starts from nothing', () => {
    const file = newFile();
    const clock = new FakeClock();
    writeFileSync(file, 'this is not a database, it only stands where one should be'.repeat(100));
    const store = openSqliteCounters({ file, clock });
    expect(store.take('k', hour, 1n, clock.nowMs()).granted).toBe(true);
    const { setAside } = store.health();
    expect(setAside).toBe(`${file}.damaged-${clock.nowMs()}`);
    expect(existsSync(setAside ?? '')).toBe(true);
    store.close();
    const reopened = openSqliteCounters({ file, clock });
    expect([reopened.peek('k', hour, clock.nowMs()).used, reopened.health().setAside]).toEqual([1n, null]);
    reopened.close();
  });

  test('a file that cannot be written is reported, decisions go on, and everything is written when it can be again', () => {
    const file = newFile();
    const clock = new FakeClock();
    const store = openSqliteCounters({ file, clock });
    const other = new Database(file);
    other.run("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    store.take('k', hour, 1n, clock.nowMs());
    clock.advance(250);
    expect(store.health()).toMatchObject({ lastError: 'disk full', unwritten: 1 });
    expect(store.take('k', hour, 1n, clock.nowMs()).used).toBe(2n);
    other.run('DROP TRIGGER full');
    clock.advance(250);
    expect(store.health()).toMatchObject({ lastError: null, unwritten: 0 });
    expect(other.query('SELECT sum(amount) AS sum FROM entries').get()).toEqual({ sum: 2 });
    other.close();
    store.close();
  });

  test('once closed it sets no more timers', () => {
    const clock = new FakeClock();
    const store = openSqliteCounters({ file: newFile(), clock });
    store.take('k', hour, 1n, clock.nowMs());
    store.close();
    store.take('k', hour, 1n, clock.nowMs());
    expect(clock.pending).toBe(0);
  });
});
