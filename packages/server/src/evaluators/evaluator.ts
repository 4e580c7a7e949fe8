import type { LogRecord } from '../stores/ports.ts';

export interface Evaluator {
  /** Looks at one log; one that lacks what is measured does not count. */
  add(record: LogRecord): void;
  /** A decimal number as text, empty when no log counted, and how many did. */
  outcome(): { result: string; totalLogs: number };
}
