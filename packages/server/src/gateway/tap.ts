import { type AnswerReader, createReader, type FormatName, type Reading } from '../formats/index.ts';
import type { BodyEnd } from './call.ts';
import { Capture, type CaptureBudget } from './capture.ts';
import type { HeaderSource } from './headers.ts';
import { createDecoder, type Decoder } from './decode.ts';
import type { ReadResult } from './pieces.ts';

const BLANK_LINES = Buffer.from('\n\n');

/** The head of the answer that is observed. */
export interface Observed {
  readonly status: number;
  readonly headers: HeaderSource;
  readonly step: { readonly format: FormatName };
}

export interface TapOptions {
  /** Null: the body is read for usage and not kept. */
  capture: { budget: CaptureBudget; limitBytes: number } | null;
  /** Told when the first piece has gone out. */
  onFirst: (() => void) | null;
}

export interface TapResult {
  reading: Reading | null;
  /** The body with its content coding undone, or null when it was not kept. */
  body: Uint8Array | null;
  /** A body was wanted and had to be let go. */
  dropped: boolean;
}

/** Observes an answer's bytes after they have gone to the client: reads usage, keeps the body. Never throws, never delays. */
export class Tap {
  /** Bytes as sent by the provider. */
  size = 0;
  readonly #reader: AnswerReader | null;
  readonly #capture: Capture | null;
  readonly #decoder: Decoder | null;
  readonly #onFirst: (() => void) | null;
  #whole: Uint8Array | null = null;

  constructor({ status, headers, step }: Observed, options: TapOptions) {
    this.#onFirst = options.onFirst;
    this.#capture = options.capture === null ? null : new Capture(options.capture.budget, options.capture.limitBytes);
    const encoding = headers.get('content-encoding');
    const decoder = encoding === null ? null : createDecoder(encoding, (chunk) => this.#take(chunk));
    this.#decoder = decoder === 'opaque' ? null : decoder;
    this.#reader =
      decoder === 'opaque'
        ? null
        : createReader({
            format: step.format,
            status,
            contentType: headers.get('content-type'),
            header: (name) => headers.get(name),
          });
  }

  /** The whole body at once, instead of `push`. */
  whole(body: Uint8Array): void {
    if (this.#decoder !== null) {
      this.push(body);
      return;
    }
    this.size = body.byteLength;
    this.#whole = body;
    this.#capture?.add(body);
  }

  push(chunk: Uint8Array): void {
    if (this.size === 0) this.#onFirst?.();
    this.size += chunk.byteLength;
    if (this.#decoder !== null) this.#decoder.push(chunk);
    else this.#take(chunk);
  }

  /** Reads what is hidden from the client: it belongs to the reading, not to the body. After all that was pushed. */
  learn(event: Uint8Array): void {
    // The blank line ends an event that was cut.
    if (this.#whole !== null) this.#reader?.push(this.#whole);
    this.#whole = null;
    this.#reader?.push(Buffer.concat([BLANK_LINES, event]));
  }

  /** Ends the observation; a promise where a content coding is still being undone. The memory stays taken until `release`. */
  end(): TapResult | Promise<TapResult> {
    return this.#decoder === null ? this.#result() : this.#decoder.end().then(() => this.#result());
  }

  #result(): TapResult {
    const reader = this.#reader;
    const reading = reader === null ? null : this.#whole === null ? reader.end() : reader.whole(this.#whole);
    return {
      reading,
      body: this.#capture?.bytes() ?? null,
      dropped: this.#capture?.dropped ?? false,
    };
  }

  /** Gives the memory of the kept body back. */
  release(): void {
    this.#capture?.release();
  }

  #take(chunk: Uint8Array): void {
    this.#reader?.push(chunk);
    this.#capture?.add(chunk);
  }
}

/** A body that is observed on its way: `ended` tells how it ended, once. */
export function tapped(
  source: ReadableStream<Uint8Array>,
  { tap, upstream }: { tap: Tap; upstream: AbortSignal },
): { body: ReadableStream<Uint8Array>; ended: Promise<BodyEnd> } {
  const reader = source.getReader();
  const { promise: ended, resolve } = Promise.withResolvers<BodyEnd>();
  let to: ReadableStreamDefaultController<Uint8Array>;
  const give = ({ value, done }: ReadResult): void => {
    if (done) {
      resolve('done');
      to.close();
    } else {
      to.enqueue(value);
      tap.push(value);
    }
  };
  const broke = (error: unknown): void => {
    resolve(upstream.aborted ? 'cancelled' : 'truncated');
    to.error(error);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        to = controller;
      },
      pull: () => reader.read().then(give).catch(broke),
      async cancel(reason) {
        resolve('cancelled');
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, ended };
}
