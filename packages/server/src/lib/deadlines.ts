/** How exact a deadline is, in milliseconds: it comes up to so much late, never early. */
const STEP_MS = 100;

interface Deadline {
  readonly at: number;
  readonly task: () => void;
}

/**
 * Long timers, of which a server sets two for every call and nearly always cancels them: kept in sets by the time at which
 * they are due, so that setting and cancelling one costs a step into a map. One timer of the runtime serves all.
 */
export class Deadlines {
  /** By the number of the step in which they are due. */
  readonly #due = new Map<number, Set<Deadline>>();
  /** The step that is looked at next. */
  #next = 0;
  #ticking = false;

  constructor(
    /** Monotonic, in milliseconds. */
    readonly now: () => number,
    readonly wait: (task: () => void, delayMs: number) => void,
  ) {}

  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void {
    const nowMs = this.now();
    const deadline: Deadline = { at: Math.ceil((nowMs + delayMs) / STEP_MS), task };
    let due = this.#due.get(deadline.at);
    if (due === undefined) {
      due = new Set();
      this.#due.set(deadline.at, due);
    }
    due.add(deadline);
    if (!this.#ticking) this.#start(nowMs);
    return () => this.#cancel(deadline);
  }

  #cancel(deadline: Deadline): void {
    const due = this.#due.get(deadline.at);
    if (due?.delete(deadline) && due.size === 0) this.#due.delete(deadline.at);
  }

  #start(nowMs: number): void {
    this.#ticking = true;
    this.#next = Math.floor(nowMs / STEP_MS);
    this.wait(this.#tick, STEP_MS);
  }

  readonly #tick = (): void => {
    const now = Math.floor(this.now() / STEP_MS);
    for (; this.#next <= now; this.#next++) this.#run(this.#next);
    if (this.#due.size > 0) this.wait(this.#tick, STEP_MS);
    else this.#ticking = false;
  };

  #run(step: number): void {
    const due = this.#due.get(step);
    if (due === undefined) return;
    this.#due.delete(step);
    for (const { task } of due) task();
  }
}
