import { ByteBuffer } from './bytes.ts';

const LF = 10;
const CR = 13;

/** Takes a line without its end, valid during the call only; null stands for a line over the limit, which is dropped. */
export type LineSink = (line: Uint8Array | null) => void;

/**
 * Cuts bytes into lines that end with LF, CR or CRLF, however the bytes are split into chunks. A line that lies
 * within one chunk is handed out without a copy.
 */
export class LineSplitter {
  readonly #partial: ByteBuffer;
  #overlong = false;
  /** The last byte was a CR, so a LF that follows belongs to the same line end. */
  #afterCr = false;

  constructor(
    readonly sink: LineSink,
    maxLineBytes: number,
  ) {
    this.#partial = new ByteBuffer(maxLineBytes);
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    if (this.#afterCr && chunk[0] === LF) start = 1;
    if (chunk.length > 0) this.#afterCr = false;
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while (lf >= 0 || cr >= 0) {
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
      if (end === cr) {
        if (start === chunk.length) this.#afterCr = true;
        else if (chunk[start] === LF) start += 1;
        cr = chunk.indexOf(CR, start);
      }
      if (lf >= 0 && lf < start) lf = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Hands out the line that has no end yet, where there is one. */
  end(): void {
    if (this.#overlong || this.#partial.length > 0) this.#finish(new Uint8Array(0));
  }

  #finish(rest: Uint8Array): void {
    if (!this.#overlong && this.#partial.length === 0) {
      this.sink(rest);
      return;
    }
    this.#keep(rest);
    this.sink(this.#overlong ? null : this.#partial.view());
    this.#partial.clear();
    this.#overlong = false;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#overlong || this.#partial.append(bytes)) return;
    this.#overlong = true;
    this.#partial.clear();
  }
}
