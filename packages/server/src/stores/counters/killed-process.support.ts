/** A process that counts and dies by SIGKILL, some of it written and some of it not. Run by a test. */
import type { Clock } from '../../lib/index.ts';
import { openSqliteCounters } from './index.ts';

export const KILLED = {
  startMs: Date.UTC(2030, 0, 1),
  window: { limit: 1_000n, intervalMs: 3_600_000, technique: 'sliding' },
  /** Taken, then written when the batch was due. */
  written: 5n,
  /** Reserved and never settled, written with it. */
  reserved: 70n,
  /** Taken after that batch; the next never comes. */
  unwritten: 3n,
} as const;

if (import.meta.main) {
  const due: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => KILLED.startMs,
    monotonicMs: () => 0,
    after: (_delayMs, task) => {
      due.push(task);
      return () => {};
    },
  };
  const store = openSqliteCounters({ file: Bun.argv[2] ?? '', clock });
  const { window } = KILLED;
  store.take('calls', window, KILLED.written, clock.nowMs());
  store.reserve([{ key: 'money', window, amount: KILLED.reserved, enforced: true }], clock.nowMs());
  due.shift()?.();
  store.take('calls', window, KILLED.unwritten, clock.nowMs());
  process.kill(process.pid, 'SIGKILL');
}
