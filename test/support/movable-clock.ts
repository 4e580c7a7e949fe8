import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HeadgateOptions } from './headgate.ts';

const PRELOAD = join(import.meta.dir, 'movable-clock.preload.ts');

/** The wall clock of a server process, to be moved while it runs. */
export class MovableClock {
  readonly #file: string;

  /** `directory`: where to keep what the process reads. */
  constructor(directory: string) {
    this.#file = join(directory, 'clock-offset');
    this.moveTo(0);
  }

  /** For `startHeadgate`. */
  get options(): HeadgateOptions {
    return { env: { BUN_OPTIONS: `--preload ${PRELOAD}`, CLOCK_OFFSET_FILE: this.#file } };
  }

  /** In force when this returns: `offsetMs` from the true time. */
  moveTo(offsetMs: number): void {
    writeFileSync(`${this.#file}.new`, String(offsetMs));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
