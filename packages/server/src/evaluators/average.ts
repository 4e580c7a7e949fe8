import type { LogRecord } from '../stores/log-ports.ts';
import type { Evaluator } from './evaluator.ts';

/** Average of a number, with up to three places, over the logs that have it. */
export function averageOf(read: (record: LogRecord) => number | null): Evaluator {
  let sum = 0;
  let count = 0;
  return {
    add: (record) => {
      const value = read(record);
      if (value === null) return;
      sum += value;
      count++;
    },
    outcome: () => ({ result: count === 0 ? '' : String(Number((sum / count).toFixed(3))), totalLogs: count }),
  };
}
