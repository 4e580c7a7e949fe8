import { decodeUtf8 } from './bytes.ts';
import { LineSplitter } from './lines.ts';
import { MAX_EVENT_BYTES, withoutBom } from './sse.ts';

export interface NdjsonSink {
  /** A line that is not blank. `complete` is false for a last line without line end: it may be cut. */
  line(text: string, complete: boolean): void;
  /** A line over the size bound, which was skipped. */
  oversized(): void;
}

/** Incremental parser for newline-delimited JSON, in any chunking. */
export class NdjsonParser {
  readonly #lines: LineSplitter;
  #first = true;
  #complete = true;

  constructor(
    readonly sink: NdjsonSink,
    maxLineBytes = MAX_EVENT_BYTES,
  ) {
    this.#lines = new LineSplitter((line) => this.#line(line), maxLineBytes);
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#complete = false;
    this.#lines.end();
  }

  #line(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.sink.oversized();
      return;
    }
    const text = decodeUtf8(this.#first ? withoutBom(bytes) : bytes).trim();
    this.#first = false;
    if (text !== '') this.sink.line(text, this.#complete);
  }
}
