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

/** A provider's body that belongs to one caller alone. */
export function ownPieces(body: ReadableStream<Uint8Array>, upstream: AbortController): Pieces {
  const reader = body.getReader();
  let left = false;
  let failure: unknown = null;
  return {
    whole: null,
    async next() {
      try {
        const { value, done } = await reader.read();
        return done ? (left ? 'cancelled' : 'done') : value;
      } catch (error) {
        failure = error;
        return left ? 'cancelled' : 'truncated';
      }
    },
    leave() {
      left = true;
      upstream.abort();
      // The body errors through the abort; its rejection has no one left to tell.
      reader.cancel().catch(() => undefined);
    },
    get failure() {
      return failure;
    },
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
