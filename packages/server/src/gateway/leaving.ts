/**
 * Tells those who work for somebody that nobody waits for it any more. What an `AbortSignal` does, of which every call would
 * need several: those live outside the engine's heap, and keep each other alive over many collections.
 */
export class Leaving {
  #tasks: (() => void)[] = NO_TASKS;
  #left = false;
  /** Why, once it has happened. */
  reason: unknown;

  get left(): boolean {
    return this.#left;
  }

  /** It has happened; only the first time counts. */
  leave(reason?: unknown): void {
    if (this.#left) return;
    this.#left = true;
    this.reason = reason;
    const tasks = this.#tasks;
    this.#tasks = NO_TASKS;
    for (const task of tasks) task();
  }

  /** Runs the task when it happens, or now when it has. The returned function forgets it. */
  onLeave(task: () => void): () => void {
    if (this.#left) {
      task();
      return nothing;
    }
    this.#tasks = this.#tasks.length === 0 ? [task] : [...this.#tasks, task];
    return () => {
      this.#tasks =
        this.#tasks.length === 1 && this.#tasks[0] === task ? NO_TASKS : this.#tasks.filter((it) => it !== task);
    };
  }

  /** @throws the reason */
  throwIfLeft(): void {
    if (this.#left) throw this.reason;
  }
}

const NO_TASKS: (() => void)[] = [];
const nothing = () => undefined;

/** A client that leaves as its signal says. */
export function leavingOf(signal: AbortSignal): Leaving {
  const leaving = new Leaving();
  if (signal.aborted) leaving.leave(signal.reason);
  else signal.addEventListener('abort', () => leaving.leave(signal.reason), { once: true });
  return leaving;
}
