import { decodeUtf8 } from './bytes.ts';

/** Bytes kept of a body that is no JSON, enough for an error message. */
const KEPT_BYTES = 4096;

/** Keeps the start of a body that nothing else can be read out of. */
export class PlainBody {
  readonly #start = new Uint8Array(KEPT_BYTES);
  #length = 0;

  constructor(readonly sink: (start: string) => void) {}

  push(chunk: Uint8Array): void {
    const part = chunk.subarray(0, KEPT_BYTES - this.#length);
    this.#start.set(part, this.#length);
    this.#length += part.length;
  }

  end(): void {
    this.sink(decodeUtf8(this.#start.subarray(0, this.#length)));
  }
}
