import type { Clock } from '../lib/index.ts';
import type { BodyEnd } from './call.ts';
import type { Pieces } from './pieces.ts';
import type { Tap } from './tap.ts';

/** An error's body is short; what goes beyond either bound is not waited for. */
const MAX_BYTES = 256 * 1024;
const MAX_MS = 5000;

/** Reads an answer that another attempt follows, for its row only. Never rejects. */
export async function readPassedOver(pieces: Pieces | null, tap: Tap, clock: Clock): Promise<BodyEnd> {
  if (pieces === null) return 'done';
  const stop = clock.after(MAX_MS, () => pieces.leave());
  for (;;) {
    const piece = await pieces.next();
    if (!(piece instanceof Uint8Array)) {
      stop();
      return piece === 'done' ? 'done' : 'truncated';
    }
    tap.push(piece);
    if (tap.size > MAX_BYTES) pieces.leave();
  }
}
