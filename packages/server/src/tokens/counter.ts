import type { Clock } from '../lib/index.ts';
import { WorkerLink } from '../stores/worker-link.ts';
import type { Countable, Counts } from './count.ts';
import { countRoughly } from './rough.ts';
import type { CountOps } from './worker.ts';

/** Counts tokens that no provider has counted. */
export interface TokenCounter {
  /** With the model's tokenizer; by length for what is too long, or not counted within a moment. Never rejects. */
  count(what: Countable): Promise<Counts>;
  /** Makes ready for a model: an answer is coming that may have to be counted. Cheap, and may be called for each. */
  expect(model: string): void;
  /** Ends the thread; what is being counted is counted by length. */
  close(): void;
}

export interface TokenCounterOptions {
  clock: Clock;
  /** Told once, of a thread that does not work. */
  onProblem: (error: unknown) => void;
  /** Longest wait for the tokenizer, in milliseconds: rows must not come late. */
  waitMs?: number;
}

/** Prompt and answer together, beyond which they are counted by length, in bytes and UTF-16 units. */
const MAX_SIZE = 1024 * 1024;
/** Counts that may wait in the thread. */
const MAX_WAITING = 64;
/** Idle for so long, the thread ends: its tables take memory. */
const IDLE_MS = 5 * 60_000;

/** A counter with a thread of its own, which starts when it is first needed. */
export function createTokenCounter(options: TokenCounterOptions): TokenCounter {
  return new ThreadCounter(options);
}

class ThreadCounter implements TokenCounter {
  readonly #options: TokenCounterOptions;
  readonly #waitMs: number;
  #link: WorkerLink<CountOps> | null = null;
  #waiting = 0;
  #lastUseMs = 0;
  #stopTimer: () => void = () => {};
  /** It does not work, or is closed. */
  #over = false;

  constructor(options: TokenCounterOptions) {
    this.#options = options;
    this.#waitMs = options.waitMs ?? 50;
  }

  async count(what: Countable): Promise<Counts> {
    const size = what.output.reduce((sum, text) => sum + text.length, what.prompt?.byteLength ?? 0);
    const link = size > MAX_SIZE || this.#waiting >= MAX_WAITING ? null : this.#started();
    if (link === null) return countRoughly(what);
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const stopWaiting = this.#options.clock.after(this.#waitMs, () => resolve(null));
    this.#waiting += 1;
    const counted = link.ask('count', what).catch((error: unknown) => this.#fail(error));
    void counted.then(() => {
      this.#waiting -= 1;
    });
    const counts = await Promise.race([counted, late]);
    stopWaiting();
    return counts ?? countRoughly(what);
  }

  expect(model: string): void {
    if (this.#link === null) {
      this.#started()
        ?.ask('load', { model })
        .catch((error: unknown) => this.#fail(error));
    } else this.#lastUseMs = this.#options.clock.monotonicMs();
  }

  close(): void {
    this.#over = true;
    this.#end();
  }

  #started(): WorkerLink<CountOps> | null {
    if (this.#over) return null;
    this.#lastUseMs = this.#options.clock.monotonicMs();
    if (this.#link !== null) return this.#link;
    this.#link = new WorkerLink<CountOps>(new URL('./worker.ts', import.meta.url), () => {});
    this.#watch(IDLE_MS);
    return this.#link;
  }

  /** One timer: it looks at the time of the last use and sets itself again for the rest. */
  #watch(delayMs: number): void {
    const { clock } = this.#options;
    this.#stopTimer = clock.after(delayMs, () => {
      const idleMs = clock.monotonicMs() - this.#lastUseMs;
      if (idleMs < IDLE_MS) this.#watch(IDLE_MS - idleMs);
      else this.#end();
    });
  }

  #end(): void {
    this.#stopTimer();
    const link = this.#link;
    this.#link = null;
    link?.terminate();
  }

  #fail(error: unknown): null {
    // An ended thread answers what still waits with an error, too.
    if (this.#over || this.#link === null) return null;
    this.#over = true;
    this.#end();
    this.#options.onProblem(error);
    return null;
  }
}
