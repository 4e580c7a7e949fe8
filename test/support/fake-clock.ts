import type { Clock } from '../../packages/server/src/lib/index.ts';

interface Timer {
  dueMs: number;
  order: number;
  task: () => void;
}

/** A clock that stands still until a test moves it. Timers run in the order in which they are due. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  #timers = new Set<Timer>();
  #waiters: { count: number; resolve: () => void }[] = [];

  /** `startMs` is the wall time at which the clock starts; the monotonic time starts at 0. */
  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + Math.floor(this.#monotonicMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#timers.add(timer);
    const reached = this.#waiters.filter((waiter) => waiter.count <= this.#timers.size);
    this.#waiters = this.#waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.resolve();
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set and have not run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves when at least `count` timers are set: awaited before `advance`, so that a test never races with the code. */
  whenPending(count = 1): Promise<void> {
    if (this.#timers.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  /** Moves on by `ms` and runs, synchronously, every timer that falls due, also those set by timers on the way. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      next.task();
    }
    this.#monotonicMs = endMs;
  }

  /** Changes the wall time alone, as an administrator or NTP does; timers and durations do not notice. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue;
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }
}
