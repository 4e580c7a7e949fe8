import { HeadgateError, refusal } from './error.ts';

export interface Transport {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Tries after the first one. */
  readonly retries: number;
  /** For the head of an answer and, where it is JSON, for its body; of each try. */
  readonly timeoutMs: number;
  /** Resolves after `ms`, rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** From 0 to 1, exclusive. */
  readonly random: () => number;
}

export interface Outgoing {
  readonly url: string;
  readonly init: RequestInit;
  readonly signal: AbortSignal | undefined;
  /** Whether a second processing of the request changes nothing. */
  readonly repeatable: boolean;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;
/** A server that asks for a longer pause gets none: the caller decides. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Sends a request until it is answered with success, and reads the answer within the time limit.
 *
 * 429 and 503 say that the request was not worked on: it is sent again whatever it is. After any other 5xx, a timeout
 * or a broken connection it may have been, so only a repeatable request is sent again. `x-should-retry: false` and the
 * caller's signal end it.
 * @throws HeadgateError
 */
export async function send<T>(
  transport: Transport,
  request: Outgoing,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const result = await attempt(transport, request, read);
    if (result.ok) return result.value;
    const delay =
      tries < transport.retries ? delayMs(result, request.repeatable, { tries, random: transport.random }) : null;
    if (delay === null) throw result.error;
    await transport.sleep(delay, request.signal).catch((cause: unknown) => {
      throw failure(cause, request.signal, false);
    });
  }
}

type Attempt<T> = { ok: true; value: T } | { ok: false; error: HeadgateError; response: Response | null };

async function attempt<T>(
  { fetch, timeoutMs }: Transport,
  { url, init, signal }: Outgoing,
  read: (response: Response) => Promise<T>,
): Promise<Attempt<T>> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  try {
    const either = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    const response = await fetch(url, { ...init, signal: either });
    if (!response.ok) return { ok: false, error: await refusal(response), response };
    return { ok: true, value: await read(response) };
  } catch (cause) {
    return { ok: false, error: failure(cause, signal, limit.signal.aborted), response: null };
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds until the next try; null when there must be none. */
function delayMs(
  { error, response }: Extract<Attempt<unknown>, { ok: false }>,
  repeatable: boolean,
  { tries, random }: { tries: number; random: () => number },
): number | null {
  const untouched = error.status === 429 || error.status === 503;
  const unclear = error.kind === 'network' || error.kind === 'timeout' || (error.status ?? 0) >= 500;
  if (!untouched && !(unclear && repeatable)) return null;
  if (response?.headers.get('x-should-retry') === 'false') return null;
  const asked = retryAfterMs(response?.headers.get('retry-after') ?? null);
  if (asked !== null) return asked > MAX_RETRY_AFTER_MS ? null : asked;
  // From half of it to all of it, so that clients that failed together do not come back together.
  return Math.min(FIRST_DELAY_MS * 2 ** tries, MAX_DELAY_MS) * (0.5 + random() / 2);
}

/** Seconds or an HTTP date. */
function retryAfterMs(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

function failure(cause: unknown, signal: AbortSignal | undefined, timedOut: boolean): HeadgateError {
  if (cause instanceof HeadgateError) return cause;
  if (signal?.aborted === true) {
    return new HeadgateError({ kind: 'aborted', message: 'The call was aborted', cause: signal.reason });
  }
  if (timedOut) return new HeadgateError({ kind: 'timeout', message: 'No answer in time', cause });
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HeadgateError({ kind: 'network', message: `No answer: ${why}`, cause });
}

/** `Transport.sleep` by the platform's timers. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
