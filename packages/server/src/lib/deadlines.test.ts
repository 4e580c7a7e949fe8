import { describe, expect, test } from 'bun:test';
import { Deadlines } from './deadlines.ts';

/** Deadlines on a clock that is moved by hand, and how many timers of the runtime they have set. */
function started() {
  let now = 1234.5;
  let pending: { at: number; task: () => void } | null = null;
  let timers = 0;
  const deadlines = new Deadlines(
    () => now,
    (task, delayMs) => {
      timers += 1;
      pending = { at: now + delayMs, task };
    },
  );
  const advance = (ms: number) => {
    const until = now + ms;
    while (pending !== null && pending.at <= until) {
      const { at, task } = pending;
      now = at;
      pending = null;
      task();
    }
    now = until;
  };
  return { deadlines, advance, now: () => now, timers: () => timers, isWaiting: () => pending !== null };
}

describe('deadlines', () => {
  test.each([5000, 5001, 9999.9, 300_000])('one of %d ms comes not early and at most 200 ms late, once', (delayMs) => {
    const { deadlines, advance, now } = started();
    const due = now() + delayMs;
    const came: number[] = [];
    deadlines.after(delayMs, () => came.push(now()));
    for (let i = 0; i < 400_000 && came.length === 0; i++) advance(1);
    advance(10_000);
    expect(came).toHaveLength(1);
    expect(came[0]).toBeGreaterThanOrEqual(due);
    expect(came[0]).toBeLessThanOrEqual(due + 200);
  });

  test('a cancelled one never comes, others of the same time do', () => {
    const { deadlines, advance } = started();
    const came: string[] = [];
    const cancel = deadlines.after(5000, () => came.push('cancelled'));
    deadlines.after(5000, () => came.push('kept'));
    cancel();
    cancel();
    advance(20_000);
    expect(came).toEqual(['kept']);
  });

  test('one may set another, and a late tick runs all that are due', () => {
    const { deadlines, advance, now } = started();
    const came: string[] = [];
    deadlines.after(5000, () => {
      came.push('first');
      deadlines.after(5000, () => came.push(`second, ${now() >= 11_234.5}`));
    });
    deadlines.after(6000, () => came.push('other'));
    advance(30_000);
    expect(came).toEqual(['first', 'other', 'second, true']);
  });

  test('without any left there is no timer, and the next one starts it again', () => {
    const { deadlines, advance, isWaiting, timers } = started();
    const came: number[] = [];
    const cancel = deadlines.after(60_000, () => came.push(1));
    for (let i = 0; i < 1000; i++) deadlines.after(60_000, () => came.push(2))();
    expect(timers()).toBe(1);
    cancel();
    advance(1000);
    expect(isWaiting()).toBe(false);
    advance(3_600_000);
    deadlines.after(5000, () => came.push(3));
    advance(6000);
    expect(came).toEqual([3]);
    advance(1000);
    expect(isWaiting()).toBe(false);
  });
});
