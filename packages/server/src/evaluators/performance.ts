import type { Evaluator } from './evaluator.ts';

/** Share of thumbs up among the logs with feedback, in percent with up to two places. */
export function performanceEvaluator(): Evaluator {
  let up = 0;
  let count = 0;
  return {
    add: ({ feedback }) => {
      if (feedback === null || feedback === 0) return;
      if (feedback > 0) up++;
      count++;
    },
    outcome: () => ({ result: count === 0 ? '' : String(Number(((100 * up) / count).toFixed(2))), totalLogs: count }),
  };
}
