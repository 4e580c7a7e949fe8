import type { Clock } from '../lib/index.ts';
import type { Pace } from './behaviour.ts';

/** A part of a response body. `token` frames keep the pace; the others go out with the frame before them. */
export interface Frame {
  text: string;
  token: boolean;
}

export interface DeliveryInput {
  frames: Iterator<Frame>;
  pace: Pace;
  clock: Clock;
  signal: AbortSignal;
}

const encoder = new TextEncoder();

/**
 * The body, frame by frame, made only when it is read. A reader that fell behind gets what is due at once, as from a
 * provider that generated meanwhile. When the signal aborts, the body breaks with its reason and no timer stays behind.
 */
export function deliver({ frames, pace, clock, signal }: DeliveryInput): ReadableStream<Uint8Array> {
  const left = new AbortController();
  const ended = AbortSignal.any([signal, left.signal]);
  const startMs = clock.monotonicMs();
  let tokens = 0;
  const untilDue = () => wait(startMs + tokens * pace.perTokenMs - clock.monotonicMs(), clock, ended);
  return new ReadableStream<Uint8Array>(
    {
      // A rejected pull breaks the body with that reason.
      async pull(controller) {
        ended.throwIfAborted();
        if (pace.end.kind === 'stall' && tokens >= pace.end.afterTokens) await untilAborted(ended);
        if (pace.end.kind === 'cut' && tokens >= pace.end.afterTokens) {
          await untilDue();
          throw new Error('the sandbox cut the connection');
        }
        const next = frames.next();
        if (next.done === true) {
          controller.close();
          return;
        }
        if (next.value.token) {
          await untilDue();
          tokens += 1;
        }
        controller.enqueue(encoder.encode(next.value.text));
      },
      cancel(reason) {
        left.abort(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Resolves after `ms` milliseconds (at once for 0 and less); rejects with the signal's reason when it aborts first. */
export async function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      cancelTimer();
      reject(signal.reason);
    };
    const cancelTimer = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
