import type { BodyEnd } from './call.ts';
import type { CaptureBudget } from './capture.ts';

export interface SharedBodyOptions {
  /** Most bytes kept from the start. */
  readonly limitBytes: number;
  /** How far beyond its slowest reader a body may run that is not kept, in bytes. */
  readonly windowBytes: number;
  /** Memory for kept bytes, shared by all bodies. */
  readonly budget: CaptureBudget;
  /** The body is not kept from its start any more, for whatever reason: it takes no more readers. Called once. */
  readonly onUnkept: () => void;
  /** The whole body, at its clean end, if it was kept until then; before `onUnkept`. Must not throw. */
  readonly onComplete: (body: Uint8Array) => void;
  /** The last reader has left before the end. Called once. */
  readonly onDeserted: () => void;
}

/** Pieces form a list, each reader at its own place in it: what all have passed, nobody refers to any more. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Its bytes come out of the budget. */
  readonly charged: boolean;
  /** Readers that have not passed it. */
  waiting: number;
  next: Piece | null;
}

/**
 * One body, read once and given to many. The source is read when the fastest reader wants more. As long as all bytes are
 * kept, readers may join at the start and a slow one holds up nobody; later the slowest one limits all to a window.
 */
export class SharedBody {
  readonly #source: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #options: SharedBodyOptions;
  readonly #readers = new Set<BodyReader>();
  #pulling = false;
  /** The place before the first piece; null when not all pieces are kept. */
  #start: Piece | null = nowhere();
  #last: Piece = nowhere();
  /** Bytes that came, and those of them that are kept or that some reader has not passed. */
  #size = 0;
  #held = 0;
  end: 'done' | 'truncated' | null = null;
  /** What the source threw. */
  failure: unknown = null;

  constructor(source: ReadableStream<Uint8Array> | null, options: SharedBodyOptions) {
    this.#source = source?.getReader() ?? null;
    this.#options = options;
    this.#start = this.#last;
  }

  /** A reader from the first byte on. Only until `onUnkept`. */
  read(): BodyReader {
    if (this.#start === null) throw new Error('a body that is not kept takes no more readers');
    const reader = new BodyReader(this, this.#start);
    this.#readers.add(reader);
    for (let piece = this.#start.next; piece !== null; piece = piece.next) piece.waiting += 1;
    return reader;
  }

  /** Gives up what is kept beyond what readers still need. */
  stopKeeping(): void {
    if (this.#start === null) return;
    let piece = this.#start.next;
    this.#start = null;
    for (; piece !== null && piece.waiting === 0; piece = piece.next) this.#release(piece);
    this.#options.onUnkept();
  }

  /** Some reader has passed all there is, or may have: gets the next piece, if the window allows it. */
  pull(): void {
    if (this.#pulling || this.end !== null || this.#isFull()) return;
    if (this.#source === null) {
      this.#finish('done');
      return;
    }
    this.#pulling = true;
    this.#source.read().then(
      ({ done, value }) => (done ? this.#finish('done') : this.#push(value)),
      (error: unknown) => this.#finish('truncated', error),
    );
  }

  passed(piece: Piece): void {
    piece.waiting -= 1;
    if (piece.waiting > 0 || this.#start !== null) return;
    const wasFull = this.#isFull();
    this.#release(piece);
    if (wasFull) this.pull();
  }

  /** `place`: the piece that the reader passed last. */
  left(reader: BodyReader, place: Piece): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#desert();
    for (let piece = place.next; piece !== null; piece = piece.next) this.passed(piece);
  }

  #desert(): void {
    this.stopKeeping();
    if (this.end !== null) return;
    this.end = 'truncated';
    // It errors if it is aborted; the rejection has no one left to tell.
    this.#source?.cancel().catch(() => undefined);
    this.#options.onDeserted();
  }

  #isFull(): boolean {
    return this.#start === null && this.#held >= this.#options.windowBytes;
  }

  #push(bytes: Uint8Array): void {
    this.#pulling = false;
    const { limitBytes, budget } = this.#options;
    this.#size += bytes.byteLength;
    const charged = this.#start !== null && this.#size <= limitBytes && budget.take(bytes.byteLength);
    if (!charged) this.stopKeeping();
    const piece: Piece = { bytes, charged, waiting: this.#readers.size, next: null };
    this.#held += bytes.byteLength;
    this.#last.next = piece;
    this.#last = piece;
    for (const reader of this.#readers) reader.wake();
  }

  #finish(end: 'done' | 'truncated', failure: unknown = null): void {
    this.#pulling = false;
    if (this.end !== null) return;
    this.end = end;
    this.failure = failure;
    if (end === 'done' && this.#start !== null) this.#options.onComplete(this.#whole(this.#start));
    this.stopKeeping();
    for (const reader of this.#readers) reader.wake();
  }

  #whole(start: Piece): Uint8Array {
    if (start.next !== null && start.next === this.#last) return start.next.bytes;
    const pieces: Uint8Array[] = [];
    for (let piece = start.next; piece !== null; piece = piece.next) pieces.push(piece.bytes);
    return Buffer.concat(pieces, this.#size);
  }

  #release({ bytes, charged }: Piece): void {
    this.#held -= bytes.byteLength;
    if (charged) this.#options.budget.give(bytes.byteLength);
  }
}

/** One reader's way through a shared body. */
export class BodyReader {
  readonly #body: SharedBody;
  /** The piece passed last. */
  #place: Piece;
  #gone: BodyEnd | null = null;
  #answer: ((next: Uint8Array | BodyEnd) => void) | null = null;

  constructor(body: SharedBody, start: Piece) {
    this.#body = body;
    this.#place = start;
  }

  /** The next piece, not to be changed, or how the body ended; `cancelled` after leaving. One call at a time. */
  next(): Promise<Uint8Array | BodyEnd> {
    if (this.#answer !== null) return Promise.reject(new Error('next() was called again before it resolved'));
    const next = this.#take();
    if (next !== null) return Promise.resolve(next);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#body.pull();
    });
  }

  /** There may be something for it now. */
  wake(): void {
    const answer = this.#answer;
    const next = answer === null ? null : this.#take();
    if (answer === null || next === null) return;
    this.#answer = null;
    answer(next);
  }

  leave(): void {
    this.#go('cancelled');
    this.wake();
  }

  #take(): Uint8Array | BodyEnd | null {
    const piece = this.#gone === null ? this.#place.next : null;
    if (piece !== null) {
      this.#place = piece;
      this.#body.passed(piece);
      return piece.bytes;
    }
    if (this.#body.end !== null) this.#go(this.#body.end);
    return this.#gone;
  }

  #go(end: BodyEnd): void {
    if (this.#gone !== null) return;
    this.#gone = end;
    const place = this.#place;
    // A reader that has gone holds no pieces.
    this.#place = nowhere();
    this.#body.left(this, place);
  }
}

function nowhere(): Piece {
  return { bytes: new Uint8Array(0), charged: false, waiting: 0, next: null };
}
