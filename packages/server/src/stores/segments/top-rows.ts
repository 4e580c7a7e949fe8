/** A row on its way into a page: where it is, and what it is ordered by. */
export interface Candidate {
  segment: number;
  seq: number;
  /** Null when missing. */
  key: number | string | null;
  /** The id in three numbers, from its front to its back. */
  id: readonly [number, number, number];
}

/** Keeps the first `limit` rows of an order: missing keys last, ties by id. */
export class TopRows {
  readonly #limit: number;
  readonly #sign: 1 | -1;
  /** A binary heap with the last of the kept rows at the root. */
  readonly #heap: Candidate[] = [];

  constructor(limit: number, direction: 'asc' | 'desc') {
    this.#limit = limit;
    this.#sign = direction === 'asc' ? 1 : -1;
  }

  /**
   * Whether a row with this key could be among the first rows; false is certain. `firstId`: the front of the id that
   * comes first among those it could have, when that is known.
   */
  mayTake(key: Candidate['key'], firstId: number | null): boolean {
    if (this.#heap.length < this.#limit) return this.#limit > 0;
    const last = this.#heap[0];
    if (last === undefined) return false;
    const difference = this.#compareKeys(key, last.key);
    return difference === 0 && firstId !== null ? (firstId - last.id[0]) * this.#sign <= 0 : difference <= 0;
  }

  offer(candidate: Candidate): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) {
      heap.push(candidate);
      this.#rise(heap.length - 1);
    } else if (heap[0] !== undefined && this.#compare(candidate, heap[0]) < 0) {
      heap[0] = candidate;
      this.#sink();
    }
  }

  /** In order. */
  rows(): Candidate[] {
    return [...this.#heap].sort((a, b) => this.#compare(a, b));
  }

  #compareKeys(a: Candidate['key'], b: Candidate['key']): number {
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b ? -this.#sign : this.#sign;
  }

  #compare(a: Candidate, b: Candidate): number {
    const byKey = this.#compareKeys(a.key, b.key);
    if (byKey !== 0) return byKey;
    const difference = a.id[0] - b.id[0] || a.id[1] - b.id[1] || a.id[2] - b.id[2];
    return difference * this.#sign;
  }

  #rise(from: number): void {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (this.#compareAt(i, parent) <= 0) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sink(): void {
    const { length } = this.#heap;
    for (let i = 0; ; ) {
      let last = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < length && this.#compareAt(child, last) > 0) last = child;
      if (last === i) return;
      this.#swap(i, last);
      i = last;
    }
  }

  #compareAt(i: number, j: number): number {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    return a === undefined || b === undefined ? 0 : this.#compare(a, b);
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}
