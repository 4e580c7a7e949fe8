import type { Evaluator } from './evaluator.ts';

const SHARE = 0.95;
/** Digits kept of each latency: 0.05 % off at most, and never more than some ten thousand values to count. */
const DIGITS = 4;

/** The 95th percentile (nearest rank) of the time to the first byte in milliseconds, of the logs that had one. */
export function latencyP95Evaluator(): Evaluator {
  const counts = new Map<number, number>();
  let count = 0;
  return {
    add: ({ latencyMs }) => {
      if (latencyMs === null) return;
      const rounded = Number(latencyMs.toPrecision(DIGITS));
      counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
      count++;
    },
    outcome: () => ({ result: count === 0 ? '' : String(atRank(counts, Math.ceil(count * SHARE))), totalLogs: count }),
  };
}

/** The value at a rank, counted from 1. */
function atRank(counts: ReadonlyMap<number, number>, rank: number): number {
  let below = 0;
  for (const [value, times] of [...counts].sort(([a], [b]) => a - b)) {
    below += times;
    if (below >= rank) return value;
  }
  return 0;
}
