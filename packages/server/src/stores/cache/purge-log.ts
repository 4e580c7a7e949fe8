import type { CachedAnswer } from '../cache-ports.ts';
import { isSelected, type Selection } from './protocol.ts';

/** Purges remembered; an answer older than all of them is not stored. */
const MOST_PURGES = 256;

/** What was purged, so that answers which were under way then are not stored afterwards. */
export class PurgeLog {
  /** The last ones, oldest first; the newest is number `epoch`. */
  readonly #purges: Selection[] = [];
  epoch = 0;

  add(selection: Selection): void {
    this.epoch += 1;
    this.#purges.push(selection);
    if (this.#purges.length > MOST_PURGES) this.#purges.shift();
  }

  /** Whether an answer that was asked for in `epoch` may be stored now. */
  allows(answer: CachedAnswer, epoch: number): boolean {
    const since = this.epoch - epoch;
    if (since <= 0) return true;
    if (since > this.#purges.length) return false;
    return !this.#purges.slice(-since).some((selection) => isSelected(answer, selection));
  }
}
