/** Time, as everything outside `lib` and `compose` sees it. Tests pass a fake one. */
export interface Clock {
  /** Wall time in milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
  /** Monotonic time in milliseconds, fractional; for durations only. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves when the event loop has turned: what was handed to a socket before has been written to it. */
export function nextTurn(): Promise<void> {
  // A timer, not an immediate: those run before the answer's head and its first piece are written.
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A time as the wire and the log's filters write it, e.g. `2026-01-02T03:04:05.678Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
