import type { Reading } from '../formats/index.ts';
import type { Clock } from '../lib/index.ts';
import { type Answer, answerOf, type BodyEnd, type Failed, type Opened, type Trail } from './call.ts';
import type { CaptureBudget } from './capture.ts';
import { CommitLag } from './commit-lag.ts';
import { expectsNoUsage, missingUsage } from './missing-usage.ts';
import { readPassedOver } from './read-passed-over.ts';
import type { TokenCounter } from '../tokens/index.ts';
import { refuse } from './steps/refuse.ts';
import { isStream } from './answer-body.ts';
import { type SettleDeps, settle } from './steps/settle.ts';
import { Tap, type TapResult, tapped } from './tap.ts';

export interface EndingDeps extends SettleDeps {
  readonly clock: Clock;
  /** Memory for bodies of calls under way. */
  readonly capture: CaptureBudget;
  readonly settings: { readonly maxLogBodyBytes: number; readonly durability: 'relaxed' | 'strict' };
  /** Counts what providers did not. */
  readonly tokens: TokenCounter;
  readonly report: (error: unknown, context: string) => void;
}

/** How attempts end: each of them once, whichever way, with its row written and everything it held given back. */
export class Endings {
  readonly #deps: EndingDeps;
  readonly #lag: CommitLag;
  #active = 0;
  #endedStreams = 0;

  constructor(deps: EndingDeps) {
    this.#deps = deps;
    this.#lag = new CommitLag(deps.clock);
  }

  /** Attempts that have begun and are not settled yet. */
  get active(): number {
    return this.#active;
  }
  /** Streamed answers that have ended since the start. */
  get endedStreams(): number {
    return this.#endedStreams;
  }

  /** Counts an attempt in; `finish` counts it out. */
  begun(): void {
    this.#active += 1;
  }

  /** Whether the end of an answer waits for its row. */
  rowGoesFirst(): boolean {
    return this.#deps.settings.durability === 'strict' || this.#lag.isBehind();
  }

  /** A tap on an answer, which keeps the body where a row wants it. */
  tap(answer: Answer | Opened, trail: Trail): Tap {
    const { capture: budget, settings } = this.#deps;
    const keep = trail.collect && trail.collectPayload && trail.gateway !== null;
    const { clock, tokens } = this.#deps;
    if (answer.status < 300 && !trail.cached && expectsNoUsage(answer.step)) tokens.expect(trail.modelAsked);
    return new Tap(answer, {
      onFirst: isStream(answer.headers)
        ? () => {
            trail.firstPieceMs = clock.monotonicMs() - trail.startedMono;
          }
        : null,
      capture: keep ? { budget, limitBytes: settings.maxLogBodyBytes - trail.requestSize } : null,
    });
  }

  /** Settles the row of a shared answer as its body ends: who reads it may come and go. */
  readonly observe = (opened: Opened): Opened => {
    const { trail, upstream } = opened;
    trail.streamed = isStream(opened.headers);
    const tap = this.tap(opened, trail);
    if (opened.body === null || opened.body instanceof Uint8Array) {
      if (opened.body !== null) tap.whole(opened.body);
      return { ...opened, row: this.finishAnswer(trail, 'done', tap) };
    }
    const { body, ended } = tapped(opened.body, { tap, upstream: upstream.signal });
    return { ...opened, body, row: ended.then((end) => this.finishAnswer(trail, end, tap)) };
  };

  /** An attempt that nobody waits for any more. */
  readonly abandon = (trail: Trail): void => {
    trail.end = 'cancelled';
    void this.finish(trail);
  };

  /** An attempt that another one follows: its answer is not for the client, but belongs into its row. */
  readonly giveUp = (failed: Opened | Failed): void => {
    if ('refusal' in failed) {
      refuse(failed.refusal, failed.trail);
      void this.finish(failed.trail);
    } else {
      this.passOver(answerOf(failed));
    }
  };

  /** The same for a step's answer; it may be shared or stored, so it is only left. */
  readonly passOver = (answer: Answer): void => {
    const tap = this.tap(answer, answer.trail);
    void readPassedOver(answer.pieces, tap, this.#deps.clock).then((end) => this.finishAnswer(answer.trail, end, tap));
  };

  /** An answer whose body has ended. Resolves when its row is committed. Never rejects. */
  finishAnswer(trail: Trail, end: BodyEnd, tap: Tap): Promise<void> {
    trail.end = end;
    trail.endedMono = this.#deps.clock.monotonicMs();
    if (trail.streamed) this.#endedStreams += 1;
    const hidden = trail.hidden?.event ?? null;
    if (hidden !== null) tap.learn(hidden);
    // Nearly always at once: only a content coding has to be waited for.
    const result = tap.end();
    return result instanceof Promise
      ? result.then((late) => this.#finishRead(trail, late, tap))
      : this.#finishRead(trail, result, tap);
  }

  #finishRead(trail: Trail, { reading, body, dropped }: TapResult, tap: Tap): Promise<void> {
    trail.reading = reading;
    // Some clients hang up on the end mark, before the provider's last bytes.
    if (trail.end === 'cancelled' && isComplete(reading)) trail.end = 'done';
    trail.responseBody = body;
    trail.payloadDropped ||= dropped;
    trail.responseSize = tap.size;
    // Nearly always null: then nothing is waited for, either.
    const missing = missingUsage(trail, this.#deps.tokens);
    if (missing === null) return this.#finishTapped(trail, tap);
    return missing
      .catch((error: unknown) => this.#deps.report(error, 'counting tokens'))
      .then(() => this.#finishTapped(trail, tap));
  }

  #finishTapped(trail: Trail, tap: Tap): Promise<void> {
    const committed = this.finish(trail);
    // The log has copied what it keeps.
    tap.release();
    return committed;
  }

  /** The once-per-attempt end. Resolves when the row is committed. Never throws or rejects. */
  finish(trail: Trail): Promise<void> {
    if (trail.settled) return DONE;
    trail.settled = true;
    this.#active -= 1;
    try {
      if (trail.requestSize > this.#deps.settings.maxLogBodyBytes) trail.payloadDropped = true;
      const committed = settle(trail, this.#deps);
      if (committed === null) return DONE;
      this.#lag.watch(committed);
      return committed;
    } catch (error) {
      this.#deps.report(error, 'settling a call');
      return DONE;
    }
  }
}

const DONE = Promise.resolve();

/** Whether a stream had come to its own end: its mark, or an end with the usage that follows. */
function isComplete(reading: Reading | null): boolean {
  const stream = reading?.stream ?? null;
  return stream !== null && (stream.done || (stream.ended && reading?.usage !== null));
}
