import type { BodyEnd } from './call.ts';

/** The body of an answer, one piece at a time: from the provider, shared with other callers, or out of the cache. */
export interface Pieces {
  /** The whole body where it is at hand: then nothing has to be waited for. Shared as pieces are. */
  readonly whole: Uint8Array | null;
  /** The next piece, or how the body ended. Pieces may be shared: not to be changed or transferred. Never rejects. */
  next(): Promise<Uint8Array | BodyEnd>;
  /** The caller reads no further; the last one to leave ends the upstream request. */
  leave(): void;
  /** What the provider's connection threw when the body was truncated, else null. */
  readonly failure: unknown;
}

/** What a reader of a body gives. */
export type ReadResult = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

/** A provider's body that belongs to one caller alone. */
export function ownPieces(body: ReadableStream<Uint8Array>, upstream: AbortController): Pieces {
  return new OwnPieces(body.getReader(), upstream);
}

/** Continuations are made once, not for every piece: a stream has thousands. */
class OwnPieces implements Pieces {
  readonly whole = null;
  failure: unknown = null;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #upstream: AbortController;
  #left = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, upstream: AbortController) {
    this.#reader = reader;
    this.#upstream = upstream;
  }

  next(): Promise<Uint8Array | BodyEnd> {
    return this.#reader.read().then(this.#took, this.#broke);
  }

  leave(): void {
    this.#left = true;
    this.#upstream.abort();
    // The body errors through the abort; its rejection has no one left to tell.
    this.#reader.cancel().catch(() => undefined);
  }

  readonly #took = ({ value, done }: ReadResult): Uint8Array | BodyEnd =>
    done ? (this.#left ? 'cancelled' : 'done') : value;

  readonly #broke = (error: unknown): BodyEnd => {
    this.failure = error;
    return this.#left ? 'cancelled' : 'truncated';
  };
}

/** Size of a piece of a stored body: large enough to be cheap, small enough for back-pressure. */
const PIECE_BYTES = 64 * 1024;

/** A stored body. */
export function storedPieces(body: Uint8Array): Pieces {
  let at = 0;
  return {
    whole: body.byteLength <= PIECE_BYTES ? body : null,
    async next() {
      if (at >= body.byteLength) return 'done';
      const piece = body.subarray(at, at + PIECE_BYTES);
      at += piece.byteLength;
      return piece;
    },
    leave() {
      at = body.byteLength;
    },
    failure: null,
  };
}
