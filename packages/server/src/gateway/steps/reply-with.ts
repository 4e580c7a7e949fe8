import { type Clock, type FieldRecord, nextTurn } from '../../lib/index.ts';
import { isStream, isWhole } from '../answer-body.ts';
import type { Answer, BodyEnd, ReadCall, Trail } from '../call.ts';
import { clientHeaders } from '../headers.ts';
import type { Pieces } from '../pieces.ts';
import type { Tap } from '../tap.ts';

export interface ReplyDeps {
  readonly clock: Clock;
  /** Longest silence between two pieces of an answer. */
  readonly idleTimeoutMs: number;
  /** Observes what goes out; null where the answer's row is settled elsewhere. */
  readonly tap: Tap | null;
  /** Adds the gateway's own header fields, last of all. */
  readonly sign: (fields: FieldRecord) => void;
  /** Runs once when the body has ended, however it ended. Never rejects. */
  readonly finish: (end: BodyEnd) => Promise<void>;
  /** Whether `finish` is awaited before the last byte goes out; asked at the end. */
  readonly finishFirst: () => boolean;
}

/**
 * Gives the provider's answer to the client: bytes as they come, with back-pressure. A client that leaves cancels the
 * provider; a provider that breaks off breaks the client's transfer too.
 */
export function replyWith(call: ReadCall, answer: Answer, deps: ReplyDeps): Response | Promise<Response> {
  const { pieces } = answer;
  const { tap } = deps;
  const once = onceOnly(deps.finish);
  if (pieces === null || call.request.method === 'HEAD') {
    pieces?.leave();
    const settling = settleBefore(once('done'), deps.finishFirst());
    return after(settling, () => respond(null, answer, { call, deps }));
  }
  answer.trail.streamed = isStream(answer.headers);
  if (pieces.whole !== null && !answer.trail.streamed) {
    tap?.whole(pieces.whole);
    const body = wholeBody(pieces.whole, answer);
    const settling = settleBefore(once('done'), deps.finishFirst());
    return after(settling, () => respond(body, answer, { call, deps }));
  }
  const stalled = () => void once('cancelled');
  const source = new Source(call, { pieces, trail: answer.trail, stalled }, deps);
  if (!isWhole(answer.headers)) {
    return respond(streamThrough(source, { tap, once, deps }), answer, { call, deps });
  }
  return readWhole(source, { tap, once, deps }).then((body) => respond(body, answer, { call, deps }));
}

/** At once where there is nothing to wait for. */
function after(settling: Promise<void> | undefined, respond: () => Response): Response | Promise<Response> {
  return settling === undefined ? respond() : settling.then(respond);
}

/** The head as the provider sent it, but for what concerns the connection, and signed by us. */
function respond(
  body: BodyInit | null,
  { status, statusText, headers: sent }: Answer,
  { call, deps }: { call: ReadCall; deps: ReplyDeps },
): Response {
  const fields = clientHeaders(sent, call.request.method === 'HEAD');
  const { cookies } = sent;
  deps.sign(fields);
  const headers: HeadersInit =
    cookies.length === 0
      ? fields
      : [...Object.entries(fields), ...cookies.map((value): [string, string] => ['set-cookie', value])];
  return new Response(body, { status, statusText, headers });
}

/** Bytes go out without a stream; but where the provider sent no content type they would get one. */
function wholeBody(bytes: Uint8Array, { headers }: Answer): BodyInit {
  return headers.has('content-type') ? (bytes as BodyInit) : inOnePiece(bytes);
}

interface Ending {
  tap: Tap | null;
  once: (end: BodyEnd) => Promise<void>;
  deps: ReplyDeps;
}

/** All pieces together; a stream that breaks after them where the provider broke off. */
async function readWhole(source: Source, { tap, once, deps }: Ending): Promise<ReadableStream<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const piece = await source.next();
    if (piece instanceof Uint8Array) {
      chunks.push(piece);
      tap?.push(piece);
      continue;
    }
    if (piece === 'done') break;
    // Nothing has gone out yet: hand on what came, then break the transfer as the provider did.
    await once(piece);
    return brokenAfter(chunks);
  }
  await settleBefore(once('done'), deps.finishFirst());
  const [only = new Uint8Array(0)] = chunks;
  return inOnePiece(chunks.length < 2 ? only : Buffer.concat(chunks));
}

/** A stream of one piece goes out with its length; unlike bytes it gets no content type that the provider did not send. */
function inOnePiece(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

function streamThrough(source: Source, { tap, once, deps }: Ending): ReadableStream<Uint8Array> {
  let to: ReadableStreamDefaultController<Uint8Array>;
  const give = (piece: Uint8Array | BodyEnd): Promise<void> | undefined => {
    if (!(piece instanceof Uint8Array)) return end(piece);
    to.enqueue(piece);
    tap?.push(piece);
  };
  const end = async (how: BodyEnd) => {
    await settleBefore(once(how), deps.finishFirst());
    if (how === 'done') to.close();
    else if (how === 'truncated') await breakOff(to);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        to = controller;
      },
      pull: () => source.next().then(give),
      async cancel() {
        source.cancel();
        await once('cancelled');
      },
    },
    // No reading ahead: the next piece is taken from the provider when the client has taken the last.
    { highWaterMark: 0 },
  );
}

/** The body, one piece at a time, with the idle limit and the client's leaving folded into the result. */
class Source {
  readonly #pieces: Pieces;
  readonly #trail: Trail;
  readonly #stalled: () => void;
  #lastMs: number;
  /** Whether a piece is being waited for; else the client is taking its time. */
  #waiting = false;
  #idle = false;
  #stopTimer: () => void = () => {};

  constructor(
    readonly call: ReadCall,
    { pieces, trail, stalled }: { pieces: Pieces; trail: Trail; stalled: () => void },
    readonly deps: ReplyDeps,
  ) {
    this.#stalled = stalled;
    this.#pieces = pieces;
    this.#trail = trail;
    this.#lastMs = deps.clock.monotonicMs();
    this.#watch(deps.idleTimeoutMs);
  }

  next(): Promise<Uint8Array | BodyEnd> {
    this.#lastMs = this.deps.clock.monotonicMs();
    this.#waiting = true;
    return this.#pieces.next().then(this.#took);
  }

  readonly #took = (piece: Uint8Array | BodyEnd): Uint8Array | BodyEnd => {
    this.#waiting = false;
    this.#lastMs = this.deps.clock.monotonicMs();
    if (piece instanceof Uint8Array) return piece;
    this.#stopTimer();
    if (piece === 'done') return piece;
    if (this.call.client.left) return 'cancelled';
    if (!this.#idle) {
      this.#trail.error ??= { code: 'truncated', message: `the provider broke off: ${describe(this.#pieces.failure)}` };
    }
    return 'truncated';
  };

  cancel(): void {
    this.#stopTimer();
    this.#pieces.leave();
  }

  /** One timer per answer: it looks at the time of the last piece and sets itself again for the rest. */
  #watch(delayMs: number): void {
    this.#stopTimer = this.deps.clock.after(delayMs, () => {
      const silentMs = this.deps.clock.monotonicMs() - this.#lastMs;
      if (silentMs < this.deps.idleTimeoutMs) return this.#watch(this.deps.idleTimeoutMs - silentMs);
      const who = this.#waiting ? 'from the provider' : 'taken by the client';
      this.#trail.error = { code: 'timeout', message: `no byte ${who} for ${Math.round(silentMs)} ms` };
      this.#idle = true;
      this.#pieces.leave();
      // A client that never takes another byte would never ask for the end, either.
      if (!this.#waiting) this.#stalled();
    });
  }
}

function onceOnly(finish: ReplyDeps['finish']): Ending['once'] {
  let running: Promise<void> | null = null;
  return (end) => {
    running ??= finish(end);
    return running;
  };
}

/** In `relaxed` mode the row follows the answer while the log keeps up; else the answer waits. `finish` never rejects. */
function settleBefore(finishing: Promise<void>, wait: boolean): Promise<void> | undefined {
  return wait ? finishing : undefined;
}

function brokenAfter(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = chunks.shift();
      if (next === undefined) await breakOff(controller);
      else controller.enqueue(next);
    },
  });
}

/**
 * Breaks the client's transfer, after what was handed on before has gone out: the server drops what it has not sent yet.
 * No Error object: the server would print it with its stack, and this is no fault.
 */
async function breakOff(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
  await nextTurn();
  controller.error(null);
}

function describe(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'error';
}
