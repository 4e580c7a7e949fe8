import type { LogRecord } from '../stores/log-ports.ts';

export interface Evaluator {
  /** Whether `add` needs the text of the answer, which costs a look at the stored bodies. */
  readonly readsAnswers?: true;
  /** Looks at one log; one that lacks what is measured does not count. `answer` is null where no text is kept. */
  add(record: LogRecord, answer: string | null): void;
  /** A decimal number as text, empty when no log counted, and how many did. */
  outcome(): { result: string; totalLogs: number };
}
