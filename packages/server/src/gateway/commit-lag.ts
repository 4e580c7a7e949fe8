import type { Clock } from '../lib/index.ts';

/** Above this age of the oldest row that is not committed, ends of answers wait for their rows, in milliseconds. */
const PATIENCE_MS = 40;

/**
 * How far the log is behind. The `relaxed` rule promises that a finished call's row is committed within 100 ms; when the
 * writer falls behind, answers end only with their rows, which slows callers down to what the log can take.
 */
export class CommitLag {
  /** Start times of rows under way, oldest first: rows are committed in order. */
  readonly #pending = new Set<{ sinceMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Watches one row until it is committed. */
  async watch(committed: Promise<void>): Promise<void> {
    const entry = { sinceMs: this.clock.monotonicMs() };
    this.#pending.add(entry);
    try {
      await committed;
    } finally {
      this.#pending.delete(entry);
    }
  }

  /** Whether the log is so far behind that an answer should wait for its row. */
  isBehind(): boolean {
    for (const { sinceMs } of this.#pending) return this.clock.monotonicMs() - sinceMs > PATIENCE_MS;
    return false;
  }
}
