import type { Clock } from '../lib/index.ts';
import type { Trail } from './call.ts';
import type { HeaderSource } from './headers.ts';

/** Good answers of a known length up to this many bytes are read in one go, without a stream in between. */
const SHORT_BYTES = 64 * 1024;
/** Those up to this many are passed on in one piece, which keeps their `content-length`. */
const WHOLE_BODY_BYTES = 1024 * 1024;

const STREAM_TYPES = /event-stream|ndjson|jsonl|stream\+json|vnd\.amazon\.eventstream/i;

/** Whether the content type says that the answer is a stream. */
export function isStream(headers: HeaderSource): boolean {
  return STREAM_TYPES.test(headers.get('content-type') ?? '');
}

/** Whether it has a known length up to a limit, and is no stream. */
export function isWhole(headers: HeaderSource, limitBytes = WHOLE_BODY_BYTES): boolean {
  const length = headers.get('content-length');
  return length !== null && Number(length) <= limitBytes && !isStream(headers);
}

export interface BodyReading {
  readonly headers: HeaderSource;
  readonly method: string;
  readonly trail: Trail;
  /** Aborting it ends the upstream request. */
  readonly upstream: AbortController;
  readonly clock: Clock;
  /** Longest silence; a short body has no more time than this in all. */
  readonly idleTimeoutMs: number;
}

/**
 * The body of an answer: its bytes where it is good and short, else the stream to read it from. A short one that breaks off
 * comes as a stream that does so. Null where there is none. Never rejects.
 */
export function bodyOf(
  response: Response,
  reading: BodyReading,
): ReadableStream<Uint8Array> | null | Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const { headers, method } = reading;
  if (response.status !== 200 || method === 'HEAD' || !isWhole(headers, SHORT_BYTES)) return response.body;
  return readShort(response, reading);
}

async function readShort(
  response: Response,
  { trail, upstream, clock, idleTimeoutMs }: BodyReading,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const stopTimer = clock.after(idleTimeoutMs, () => {
    trail.error = { code: 'timeout', message: `no byte from the provider for ${idleTimeoutMs} ms` };
    upstream.abort();
  });
  try {
    return await response.bytes();
  } catch (error) {
    return broken(error);
  } finally {
    stopTimer();
  }
}

function broken(error: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(error);
    },
  });
}
