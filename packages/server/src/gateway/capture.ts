/**
 * Memory for bodies on their way to the log, shared by all calls: when it is used up, further bodies are not kept (and
 * marked so) rather than memory growing with the number of open streams.
 */
export class CaptureBudget {
  #used = 0;
  constructor(readonly limitBytes: number) {}

  get usedBytes(): number {
    return this.#used;
  }
  /** Takes `bytes` out of the budget; false when they do not fit. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limitBytes) return false;
    this.#used += bytes;
    return true;
  }
  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Keeps the bytes of one body up to a limit; over it, or over the budget, everything kept is let go. */
export class Capture {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #dropped = false;

  /** @param limitBytes most bytes kept for this body. */
  constructor(
    readonly budget: CaptureBudget,
    readonly limitBytes: number,
  ) {}

  get dropped(): boolean {
    return this.#dropped;
  }

  add(chunk: Uint8Array): void {
    if (this.#dropped) return;
    if (this.#size + chunk.byteLength > this.limitBytes || !this.budget.take(chunk.byteLength)) {
      this.release();
      this.#dropped = true;
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
  }

  /** The body in one piece, or null when it was let go. */
  bytes(): Uint8Array | null {
    if (this.#dropped) return null;
    const [only] = this.#chunks;
    return this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks, this.#size);
  }

  /** Gives the memory back to the budget. */
  release(): void {
    this.budget.give(this.#size);
    this.#chunks = [];
    this.#size = 0;
  }
}
