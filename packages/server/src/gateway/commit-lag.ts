import type { Clock } from '../lib/index.ts';

/** Above this age of the oldest row that is not committed, ends of answers wait for their rows, in milliseconds. */
const PATIENCE_MS = 40;

/** Rows that are committed together. */
interface Pending {
  readonly committed: Promise<void>;
  readonly sinceMs: number;
  over: boolean;
}

/**
 * How far the log is behind. The `relaxed` rule promises that a finished call's row is committed within 100 ms; when the
 * writer falls behind, answers end only with their rows, which slows callers down to what the log can take.
 */
export class CommitLag {
  /** Oldest first: rows are committed in order. */
  readonly #pending: Pending[] = [];

  constructor(private readonly clock: Clock) {}

  /** Watches a row until it is committed. Rows of one batch share one promise, and cost nothing after the first. */
  watch(committed: Promise<void>): void {
    if (this.#pending.at(-1)?.committed === committed) return;
    const pending: Pending = { committed, sinceMs: this.clock.monotonicMs(), over: false };
    this.#pending.push(pending);
    const over = () => {
      pending.over = true;
      while (this.#pending[0]?.over === true) this.#pending.shift();
    };
    void committed.then(over, over);
  }

  /** Whether the log is so far behind that an answer should wait for its row. */
  isBehind(): boolean {
    const [oldest] = this.#pending;
    return oldest !== undefined && this.clock.monotonicMs() - oldest.sinceMs > PATIENCE_MS;
  }
}
