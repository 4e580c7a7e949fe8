import type { Evaluator } from './evaluator.ts';

/** Average duration in milliseconds, to the microsecond. */
export function speedEvaluator(): Evaluator {
  let sum = 0;
  let count = 0;
  return {
    add: ({ durationMs }) => {
      sum += durationMs;
      count++;
    },
    outcome: () => ({ result: count === 0 ? '' : String(Number((sum / count).toFixed(3))), totalLogs: count }),
  };
}
