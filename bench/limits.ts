/**
 * What a limit costs: nanoseconds for each check, in memory and with the file behind it, then the milliseconds that one
 * batch holds up the event loop at a given traffic.
 *
 *   bun bench/limits.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../packages/server/src/lib/index.ts';
import { createBudgets, type SpendLimits } from '../packages/server/src/limits/index.ts';
import type { CounterStore, CounterWindow } from '../packages/server/src/stores/counter-ports.ts';
import { openMemoryCounters, openSqliteCounters } from '../packages/server/src/stores/counters/index.ts';

const CALLS = 200_000;
const CALLS_PER_MS = 10;
const START_MS = Date.UTC(2030, 0, 1);

/** Time as fast as it is asked for: `CALLS_PER_MS` calls to a millisecond; timers run when the benchmark says. */
class BenchClock implements Clock {
  #calls = 0;
  #due: (() => void)[] = [];
  nowMs(): number {
    return START_MS + Math.floor(this.#calls++ / CALLS_PER_MS);
  }
  monotonicMs(): number {
    return systemClock.monotonicMs();
  }
  after(_delayMs: number, task: () => void): () => void {
    this.#due.push(task);
    return () => {};
  }
  runDue(): void {
    for (const task of this.#due.splice(0)) task();
  }
}

function perCall(name: string, call: (i: number) => unknown): void {
  for (let i = 0; i < CALLS / 10; i++) call(i);
  const from = systemClock.monotonicMs();
  for (let i = 0; i < CALLS; i++) call(i);
  const ns = ((systemClock.monotonicMs() - from) / CALLS) * 1e6;
  console.log(`${name.padEnd(64)} ${ns.toFixed(0).padStart(7)} ns`);
}

const minute = (technique: 'fixed' | 'sliding', limit: bigint): CounterWindow => ({
  limit,
  intervalMs: 60_000,
  technique,
});
const SPEND: SpendLimits = {
  enabled: true,
  rules: [
    { id: 'day', limit: 1e6, limitType: 'cost', window: 86_400 },
    { id: 'user', limit: 1e6, limitType: 'cost', window: 86_400, metadata: { user: { mode: 'partition' } } },
    { id: 'openai', limit: 1e6, limitType: 'cost', window: 3_600, provider: { mode: 'filter', values: ['openai'] } },
  ],
};
const USERS = Array.from({ length: 1_000 }, (_, i) => ({ user: `user-${i}` }));

function measure(store: string, open: (clock: Clock) => CounterStore): void {
  const check = (name: string, window: CounterWindow) => {
    const clock = new BenchClock();
    const counters = open(clock);
    perCall(`${store}: ${name}`, () => counters.take('rate:gateway-1', window, 1n, clock.nowMs()));
    clock.runDue();
    counters.close();
  };
  check('rate limit, fixed, granted', minute('fixed', 10n ** 9n));
  check('rate limit, sliding, granted', minute('sliding', 10n ** 9n));
  check('rate limit, fixed, refused', minute('fixed', 100n));
  check('rate limit, sliding, refused', minute('sliding', 100n));

  const clock = new BenchClock();
  const counters = open(clock);
  const budgets = createBudgets({ counters, clock });
  perCall(`${store}: three spend rules, reserve and settle`, (i) => {
    const outcome = budgets.reserve({
      gatewayKey: 'gateway-1',
      limits: SPEND,
      facts: { provider: 'openai', providerAliases: [], model: 'gpt-5', metadata: USERS[i % USERS.length] ?? null },
      estimatePico: 5_000_000_000n,
    });
    if (outcome.kind === 'reserved') budgets.settle(outcome.reservation, 2_000_000_000n);
  });
  clock.runDue();
  counters.close();
}

/** One batch of 250 ms of traffic over a sliding rate limit and three spend rules. */
function measureBatch(file: string, callsPerSecond: number): void {
  const clock = new BenchClock();
  const counters = openSqliteCounters({ file, clock });
  const budgets = createBudgets({ counters, clock });
  const calls = Math.round(callsPerSecond / 4);
  const times: number[] = [];
  for (let batch = 0; batch < 20; batch++) {
    for (let i = 0; i < calls; i++) {
      const nowMs = START_MS + batch * 250 + Math.floor((i * 250) / calls);
      counters.take('rate:gateway-1', minute('sliding', 10n ** 9n), 1n, nowMs);
      const outcome = budgets.reserve({
        gatewayKey: 'gateway-1',
        limits: SPEND,
        facts: { provider: 'openai', providerAliases: [], model: 'gpt-5', metadata: USERS[i % 100] ?? null },
        estimatePico: 5_000_000_000n,
      });
      if (outcome.kind === 'reserved') budgets.settle(outcome.reservation, 2_000_000_000n);
    }
    const from = systemClock.monotonicMs();
    clock.runDue();
    times.push(systemClock.monotonicMs() - from);
  }
  counters.close();
  times.sort((a, b) => a - b);
  const [median = 0, worst = 0] = [times[10], times[19]];
  console.log(`batch at ${callsPerSecond} calls/s: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`);
}

const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
try {
  let files = 0;
  const nextFile = () => join(directory, `${files++}.db`);
  measure('memory', () => openMemoryCounters());
  measure('sqlite', (clock) => openSqliteCounters({ file: nextFile(), clock }));
  for (const callsPerSecond of [100, 1_000, 10_000]) measureBatch(nextFile(), callsPerSecond);
} finally {
  rmSync(directory, { recursive: true });
}
