import type { Clock } from '../lib/index.ts';
import type { Answer, BodyEnd } from './call.ts';
import type { Tap } from './tap.ts';

/** An error's body is short; what goes beyond either bound is not waited for. */
const MAX_BYTES = 256 * 1024;
const MAX_MS = 5000;

/** Reads the answer of an attempt that another one follows, for its row only. Never rejects. */
export async function readFailed({ response, upstream }: Answer, tap: Tap, clock: Clock): Promise<BodyEnd> {
  if (response.body === null) return 'done';
  const stop = clock.after(MAX_MS, () => upstream.abort());
  try {
    for await (const chunk of response.body) {
      tap.push(chunk);
      if (tap.size > MAX_BYTES) {
        upstream.abort();
        return 'truncated';
      }
    }
    return 'done';
  } catch {
    return 'truncated';
  } finally {
    stop();
  }
}
