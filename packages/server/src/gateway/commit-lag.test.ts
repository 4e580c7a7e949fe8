import { expect, test } from 'bun:test';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { CommitLag } from './commit-lag.ts';

test('the log is behind while its oldest uncommitted row is older than the patience', async () => {
  const clock = new FakeClock();
  const lag = new CommitLag(clock);
  expect(lag.isBehind()).toBe(false);
  const first = Promise.withResolvers<void>();
  lag.watch(first.promise);
  // Rows of one batch: the first one counts.
  lag.watch(first.promise);
  clock.advance(40);
  const second = Promise.withResolvers<void>();
  lag.watch(second.promise);
  expect(lag.isBehind()).toBe(false);
  clock.advance(1);
  expect(lag.isBehind()).toBe(true);
  first.resolve();
  await first.promise;
  expect(lag.isBehind()).toBe(false);
  clock.advance(40);
  expect(lag.isBehind()).toBe(true);
  second.reject(new Error('lost'));
  await second.promise.catch(() => undefined);
  expect(lag.isBehind()).toBe(false);
});
