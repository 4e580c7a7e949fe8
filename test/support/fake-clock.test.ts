import { expect, test } from 'bun:test';
import { FakeClock } from './fake-clock.ts';

test('timers run in due order, then in the order they were set, at their own time', () => {
  const clock = new FakeClock(1_000);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`late ${clock.nowMs()}`));
  clock.after(10, () => {
    seen.push(`early ${clock.nowMs()}`);
    clock.after(5, () => seen.push(`nested ${clock.nowMs()}`));
  });
  clock.after(20, () => seen.push('late too'));
  clock.advance(20);
  expect(seen).toEqual(['early 1010', 'nested 1015', 'late 1020', 'late too']);
  expect(clock.monotonicMs()).toBe(20);
});

test('a timer that is not due stays, a cancelled one never runs', () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.after(10, () => seen.push('kept'));
  clock.after(5, () => seen.push('cancelled'))();
  clock.advance(9);
  expect(seen).toEqual([]);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  expect(seen).toEqual(['kept']);
});

test('whenPending resolves when the code under test has set its timer', async () => {
  const clock = new FakeClock();
  const waiting = clock.whenPending(2);
  clock.after(1, () => {});
  queueMicrotask(() => clock.after(1, () => {}));
  await waiting;
  expect(clock.pending).toBe(2);
});

test('a step of the wall clock leaves durations alone', () => {
  const clock = new FakeClock(5_000);
  clock.stepWall(-3_000);
  expect(clock.nowMs()).toBe(2_000);
  expect(clock.monotonicMs()).toBe(0);
});
