import type { BodyEnd } from './call.ts';
import type { CaptureBudget } from './capture.ts';
import type { HeaderSource } from './headers.ts';
import { Leaving } from './leaving.ts';
import { type Pieces, storedPieces } from './pieces.ts';
import { SharedBody } from './shared-body.ts';

/** What an upstream request gave; whatever else `open` returns reaches every reader too. Shared: nobody may change it. */
export interface OpenedAnswer {
  readonly status: number;
  readonly headers: HeaderSource;
  /** Bytes: all of it is here. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** One caller that wants the answer. */
export interface Joining<T extends OpenedAnswer> {
  /**
   * Makes the upstream request; called at most once, and only when this caller leads. `all` leave when no caller is left;
   * the caller's own leaving must not end what others wait for.
   */
  open(all: Leaving): Promise<T>;
  /**
   * Takes the whole body, to be stored. Called once, at its clean end, when this caller's `open` gave it, the status is
   * 2xx and the body was kept whole. Once it has returned new callers do not join: they must find what it stored.
   */
  onComplete(answer: T, body: Uint8Array): void;
  /** May happen at any time. */
  client: Leaving;
}

/** One caller's own way through the answer, from its first byte. */
export interface AnswerReader<T extends OpenedAnswer> extends Pieces {
  readonly answer: T;
  /** The answer comes from this caller's own `open`. */
  readonly led: boolean;
  /** What the upstream threw when the body was truncated, else null. */
  readonly failure: unknown;
  /**
   * The next piece, or how the body ended: `truncated` when the upstream broke off, `cancelled` after leaving. Pieces are
   * shared: not to be changed or transferred. One call at a time; rejects only when that is not kept.
   */
  next(): Promise<Uint8Array | BodyEnd>;
  /** The caller reads no further. The last one to leave before the end aborts the upstream request. */
  leave(): void;
}

export interface InFlightOptions {
  /** Largest body kept from its start, in bytes: for those who join late, and for storing. */
  readonly limitBytes: number;
  /** How far beyond its slowest reader a body may run that is not kept, in bytes; default 1 MiB. */
  readonly windowBytes?: number;
  /** Memory for kept bodies of all answers. */
  readonly budget: CaptureBudget;
  /**
   * Whether a failed `open` is the provider's failure and so everybody's. Any other (a refusal, a fault of ours) concerns
   * its caller alone, and the next one that waits leads.
   */
  readonly sharesFailure: (error: unknown) => boolean;
  /** Told of what `onComplete` throws. */
  readonly report: (error: unknown, context: string) => void;
}

/**
 * Identical requests under way share one upstream request, streams included. The first caller of a key leads. Who comes
 * while the answer is on its way joins: it reads what has come, then what comes. A body over the limit or the budget is
 * not kept, nor is that of an answer other than 2xx: those who wait already share it, it takes no new readers and is not
 * stored.
 */
export class InFlight<T extends OpenedAnswer> {
  readonly #options: InFlightOptions;
  readonly #listed = new Map<string, SharedAnswer<T>>();

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  /** Answers that can be joined. */
  get size(): number {
    return this.#listed.size;
  }

  /**
   * Leads or joins; resolves when the head of the answer is there. Rejects with the failure of the own `open`, the shared
   * one of the leader's, or the reason of the own leaving.
   */
  async join(key: string, joining: Joining<T>): Promise<AnswerReader<T>> {
    joining.client.throwIfLeft();
    const listed = this.#listed.get(key);
    if (listed !== undefined) return listed.join(joining);
    const shared = new SharedAnswer<T>(this.#options, () => {
      if (this.#listed.get(key) === shared) this.#listed.delete(key);
    });
    this.#listed.set(key, shared);
    const reader = shared.join(joining);
    void shared.open();
    return reader;
  }
}

/** A caller before the head of the answer is there. */
interface Waiting<T extends OpenedAnswer> {
  readonly joining: Joining<T>;
  resolve(reader: AnswerReader<T>): void;
  reject(error: unknown): void;
}

class SharedAnswer<T extends OpenedAnswer> {
  readonly #options: InFlightOptions;
  /** Takes no new callers from here on. */
  readonly #unlist: () => void;
  readonly #all = new Leaving();
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting<T>>();
  #begun: { answer: T; body: SharedBody } | null = null;

  constructor(options: InFlightOptions, unlist: () => void) {
    this.#options = options;
    this.#unlist = unlist;
  }

  join(joining: Joining<T>): Promise<AnswerReader<T>> {
    const begun = this.#begun;
    if (begun !== null) return Promise.resolve(readerOf(begun, joining, false));
    const { promise, resolve, reject } = Promise.withResolvers<AnswerReader<T>>();
    const settle = () => {
      this.#waiting.delete(waiting);
      stay();
    };
    const waiting: Waiting<T> = {
      joining,
      resolve: (reader) => {
        settle();
        resolve(reader);
      },
      reject: (error) => {
        settle();
        reject(error);
      },
    };
    const leave = () => {
      waiting.reject(joining.client.reason);
      if (this.#waiting.size === 0) this.#desert();
    };
    this.#waiting.add(waiting);
    const stay = joining.client.onLeave(leave);
    return promise;
  }

  /** Lets one caller after the other lead until an answer has come or nobody waits. */
  async open(): Promise<void> {
    for (const leader of this.#waiting) {
      try {
        const answer = await leader.joining.open(this.#all);
        this.#begin(answer, leader);
        return;
      } catch (error) {
        const failed = this.#options.sharesFailure(error) ? [...this.#waiting] : [leader];
        for (const waiting of failed) waiting.reject(error);
      }
    }
    this.#unlist();
  }

  #begin(answer: T, leader: Waiting<T>): void {
    if (answer.body instanceof Uint8Array) this.#giveWhole(answer, { leader, body: answer.body });
    else this.#giveStream(answer, { leader, source: answer.body });
  }

  /** All is here: it is stored, if it may be, before anybody reads it. */
  #giveWhole(answer: T, { leader, body }: { leader: Waiting<T>; body: Uint8Array }): void {
    const isGood = answer.status >= 200 && answer.status < 300;
    if (isGood && body.byteLength <= this.#options.limitBytes) this.#complete(leader.joining, answer, body);
    this.#unlist();
    for (const waiting of this.#waiting) {
      waiting.resolve({ answer, led: waiting === leader, ...storedPieces(body) });
    }
  }

  #giveStream(answer: T, { leader, source }: { leader: Waiting<T>; source: ReadableStream<Uint8Array> | null }): void {
    const body = new SharedBody(source, {
      windowBytes: 1024 * 1024,
      ...this.#options,
      onUnkept: this.#unlist,
      onComplete: (bytes) => this.#complete(leader.joining, answer, bytes),
      onDeserted: () => this.#desert(),
    });
    const begun = { answer, body };
    this.#begun = begun;
    // Everyone may have left while it came; a reader that leaves at once cancels the body.
    if (this.#waiting.size === 0) body.read().leave();
    for (const waiting of this.#waiting) waiting.resolve(readerOf(begun, waiting.joining, waiting === leader));
    const isGood = answer.status >= 200 && answer.status < 300;
    const length = Number(answer.headers.get('content-length') ?? 0);
    if (!isGood || length > this.#options.limitBytes) body.stopKeeping();
    // Without a body it has ended, whether its readers ask or not.
    if (source === null) body.pull();
  }

  #complete(leader: Joining<T>, answer: T, body: Uint8Array): void {
    try {
      leader.onComplete(answer, body);
    } catch (error) {
      this.#options.report(error, 'storing an answer');
    }
  }

  #desert(): void {
    this.#unlist();
    this.#all.leave();
  }
}

function readerOf<T extends OpenedAnswer>(
  { answer, body }: { answer: T; body: SharedBody },
  { client }: Joining<T>,
  led: boolean,
): AnswerReader<T> {
  const reader = body.read();
  const stay = client.onLeave(() => reader.leave());
  const leave = () => {
    stay();
    reader.leave();
  };
  return {
    answer,
    led,
    whole: null,
    get failure() {
      return body.failure;
    },
    next: () => reader.next(),
    leave,
  };
}
