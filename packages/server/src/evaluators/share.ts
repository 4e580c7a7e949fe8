import type { LogRecord } from '../stores/log-ports.ts';
import type { Evaluator } from './evaluator.ts';

/** Share of the logs for which it holds, in percent with up to two places. Null: the log does not count. */
export function shareOf(holds: (record: LogRecord, answer: string | null) => boolean | null): Evaluator {
  let held = 0;
  let count = 0;
  return {
    add: (record, answer) => {
      const verdict = holds(record, answer);
      if (verdict === null) return;
      if (verdict) held++;
      count++;
    },
    outcome: () => ({ result: count === 0 ? '' : String(Number(((100 * held) / count).toFixed(2))), totalLogs: count }),
  };
}

/** The same over the texts of answers; logs without one do not count. */
export function shareOfAnswers(holds: (text: string) => boolean): Evaluator {
  return { ...shareOf((_, answer) => (answer === null ? null : holds(answer))), readsAnswers: true };
}
