import { parseJson } from '../json.ts';
import { ByteBuffer, decodeUtf8 } from './bytes.ts';
import type { NdjsonParser } from './ndjson.ts';
import { withoutBom } from './sse.ts';

/** Bound for one JSON body, in bytes; a larger one is given up. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const LF = 10;

export interface JsonBodySink {
  /** The parsed body. */
  body(value: unknown): void;
  /** The first characters of a body that is no JSON after all, or is cut. */
  invalid(start: string): void;
  /** The body turned out to be one JSON value a line: makes the parser that goes on. */
  lines(): NdjsonParser;
}

/** Collects a JSON body and parses it once at the end, unless its first line is a JSON value that another one follows. */
export class JsonBody {
  readonly #held: ByteBuffer;
  /** Where the first line ends; -1 before it has, null once it is known to be no value of its own. */
  #firstLineEnd: number | null = -1;
  #lines: NdjsonParser | null = null;
  #tooLarge = false;

  constructor(
    readonly sink: JsonBodySink,
    maxBytes = MAX_BODY_BYTES,
  ) {
    this.#held = new ByteBuffer(maxBytes);
  }

  push(chunk: Uint8Array): void {
    if (this.#lines !== null) {
      this.#lines.push(chunk);
    } else if (!this.#tooLarge) {
      const searchFrom = this.#held.length;
      if (this.#held.append(chunk)) this.#lookForLines(searchFrom);
      else this.#giveUp();
    }
  }

  end(): void {
    if (this.#lines !== null) this.#lines.end();
    else if (!this.#tooLarge) this.#parse(decodeUtf8(withoutBom(this.#held.view())));
    this.#held.clear();
  }

  #parse(text: string): void {
    const value = parseJson(text);
    if (value === undefined) this.sink.invalid(text.slice(0, 4096));
    else this.sink.body(value);
  }

  #giveUp(): void {
    this.#tooLarge = true;
    this.#held.clear();
  }

  /** The first line is judged when something follows it: a lone line with a line end is a plain body. */
  #lookForLines(from: number): void {
    if (this.#firstLineEnd === null) return;
    const bytes = this.#held.view();
    if (this.#firstLineEnd < 0) this.#firstLineEnd = bytes.indexOf(LF, from);
    if (this.#firstLineEnd < 0 || !hasText(bytes, Math.max(from, this.#firstLineEnd))) return;
    const first = parseJson(decodeUtf8(withoutBom(bytes.subarray(0, this.#firstLineEnd))));
    this.#firstLineEnd = null;
    if (typeof first !== 'object' || first === null) return;
    this.#lines = this.sink.lines();
    this.#lines.push(bytes);
    this.#held.clear();
  }
}

function hasText(bytes: Uint8Array, from: number): boolean {
  return bytes.subarray(from).some((byte) => byte > 32);
}
