import type { WindowTechnique } from '../counter-ports.ts';

/** Learns what has to be written. Times are those under which amounts stand in the counter. */
export interface Journal {
  /** The amount at `atMs` is another one. */
  changed(counter: Counter, atMs: number): void;
  /** The counter is new, or everything in it may have changed. */
  rewritten(counter: Counter): void;
  dropped(counter: Counter): void;
}

/** Dead entries at the front before they are cut off. */
const TRIM_AT = 512;

/**
 * What was counted under one key: amounts by millisecond, oldest first. A fixed window is the same with times rounded
 * down to the window's start, so that both techniques share every rule: an entry made at `t` counts until `t + interval`.
 */
export class Counter {
  /** Sum of everything that counts, as of the last `advance`. */
  sum = 0n;
  #times: number[] = [];
  #amounts: bigint[] = [];
  #head = 0;

  constructor(
    readonly key: string,
    readonly technique: WindowTechnique,
    readonly intervalMs: number,
    private readonly journal: Journal | null,
  ) {}

  /** From this time on nothing counts any more. */
  get emptyAtMs(): number {
    return (this.#times[this.#times.length - 1] ?? Number.NEGATIVE_INFINITY) + this.intervalMs;
  }

  get firstMs(): number | undefined {
    return this.#times[this.#head];
  }

  /** Moves the window to `nowMs`. Must come before every other question at that time. */
  advance(nowMs: number): void {
    for (let first = this.firstMs; first !== undefined && first + this.intervalMs <= nowMs; first = this.firstMs) {
      this.sum -= this.#amounts[this.#head] ?? 0n;
      this.#head++;
    }
    if (this.#head >= TRIM_AT && this.#head * 2 >= this.#times.length) this.#trim();
    if ((this.#times[this.#times.length - 1] ?? 0) > nowMs) this.#pullBack(nowMs);
  }

  /** Counts `amount` at `nowMs`, holding at most `maxEntries` (a power of two); returns the time it stands under. */
  add(amount: bigint, nowMs: number, maxEntries: number): number {
    const atMs = this.#stamp(nowMs);
    this.#append(atMs, amount);
    this.journal?.changed(this, atMs);
    if (this.#times.length - this.#head > maxEntries) this.#coarsen(maxEntries);
    return atMs;
  }

  /** Takes back what was added under `atMs`, unless it has left the window. */
  subtract(amount: bigint, atMs: number, nowMs: number): void {
    if (atMs + this.intervalMs <= nowMs) return;
    let left = amount;
    // Entries merge only into later ones, so what stood at `atMs` is at the first entry from there on.
    for (let i = this.#find(atMs); left > 0n && i < this.#times.length; i++) {
      const here = this.#amounts[i] ?? 0n;
      const part = here < left ? here : left;
      if (part === 0n) continue;
      this.#amounts[i] = here - part;
      this.sum -= part;
      left -= part;
      this.journal?.changed(this, this.#times[i] ?? atMs);
    }
  }

  /** Milliseconds from `nowMs` until at least `amount` has left the window, or everything has. */
  waitMs(amount: bigint, nowMs: number): number {
    let freed = 0n;
    let waitMs = 0;
    for (let i = this.#head; i < this.#times.length && freed < amount; i++) {
      const here = this.#amounts[i] ?? 0n;
      if (here === 0n) continue;
      freed += here;
      waitMs = (this.#times[i] ?? 0) + this.intervalMs - nowMs;
    }
    return waitMs;
  }

  /** The amount under `atMs`, zero when there is none. */
  amountAt(atMs: number): bigint {
    const i = this.#find(atMs);
    return this.#times[i] === atMs ? (this.#amounts[i] ?? 0n) : 0n;
  }

  /** Everything that counts, oldest first. */
  *entries(): Generator<[atMs: number, amount: bigint]> {
    for (let i = this.#head; i < this.#times.length; i++) yield [this.#times[i] ?? 0, this.#amounts[i] ?? 0n];
  }

  /** Puts back an entry read from disk; entries come oldest first. */
  restore(atMs: number, amount: bigint): void {
    this.#append(atMs, amount);
  }

  #stamp(nowMs: number): number {
    return this.technique === 'fixed' ? nowMs - (nowMs % this.intervalMs) : nowMs;
  }

  #append(atMs: number, amount: bigint): void {
    const last = this.#times.length - 1;
    if (last >= this.#head && this.#times[last] === atMs) {
      this.#amounts[last] = (this.#amounts[last] ?? 0n) + amount;
    } else {
      this.#times.push(atMs);
      this.#amounts.push(amount);
    }
    this.sum += amount;
  }

  /** Index of the first entry at or after `atMs`. */
  #find(atMs: number): number {
    let low = this.#head;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #trim(): void {
    this.#times.splice(0, this.#head);
    this.#amounts.splice(0, this.#head);
    this.#head = 0;
  }

  /** The wall clock was set back: what stands in the future counts as made now, or it would count for too long. */
  #pullBack(nowMs: number): void {
    const from = this.#find(nowMs + 1);
    let future = 0n;
    for (let i = from; i < this.#amounts.length; i++) future += this.#amounts[i] ?? 0n;
    this.#times.length = from;
    this.#amounts.length = from;
    this.sum -= future;
    this.#append(this.#stamp(nowMs), future);
    this.journal?.rewritten(this);
  }

  /**
   * Merges neighbours until at most half of `maxEntries` are left. Each merged entry stands at its latest time, so the
   * counter may free up late by less than one cell, and never early. Cells are halves of halves of the interval, so that
   * merging again, finer or coarser, adds no further delay.
   */
  #coarsen(maxEntries: number): void {
    const cellMs = this.intervalMs / (maxEntries / 2);
    const [times, amounts] = [this.#times.slice(this.#head), this.#amounts.slice(this.#head)];
    this.#times = [];
    this.#amounts = [];
    this.#head = 0;
    let lastCell = Number.NaN;
    for (const [i, atMs] of times.entries()) {
      const cell = Math.floor(atMs / cellMs);
      const amount = amounts[i] ?? 0n;
      const last = this.#times.length - 1;
      if (cell === lastCell) {
        this.#times[last] = atMs;
        this.#amounts[last] = (this.#amounts[last] ?? 0n) + amount;
      } else {
        this.#times.push(atMs);
        this.#amounts.push(amount);
      }
      lastCell = cell;
    }
    this.journal?.rewritten(this);
  }
}
