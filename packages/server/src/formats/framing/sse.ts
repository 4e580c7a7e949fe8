import { decodeUtf8 } from './bytes.ts';
import { LineSplitter } from './lines.ts';

/** Default bound for one event, in bytes; a larger one is skipped. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024;

/** What a line of data weighs at least, in bytes: millions of empty ones would be an event of no size. */
const MIN_LINE_BYTES = 32;

const COLON = 58;
const SPACE = 32;
const D = 100;
const A = 97;
const T = 116;
const EMPTY = new Uint8Array(0);
/** Longest name of an event that is kept, in characters. */
const MAX_NAME = 1024;

export interface SseSink {
  /**
   * An event with data. `name` is the `event:` field, `data` its lines joined by LF. `complete` is false for what
   * stood at the end of the input without a blank line: it may be cut.
   */
  event(name: string | null, data: string, complete: boolean): void;
  /** An event over the size bound, which was skipped. */
  oversized(): void;
  /** A `:` line, which is no event. */
  comment?(): void;
}

/**
 * Incremental parser for server-sent events after the WHATWG HTML standard, "Interpreting an event stream":
 * any chunking, LF, CR and CRLF, multi-line data, a leading byte order mark. Beyond the standard it hands out, marked as
 * incomplete, an event that lacks its blank line at the end of the input: some servers leave that out.
 */
export class SseParser {
  readonly #lines: LineSplitter;
  #name: string | null = null;
  #data: string | null = null;
  #size = 0;
  #oversized = false;
  #first = true;

  constructor(
    readonly sink: SseSink,
    readonly maxEventBytes = MAX_EVENT_BYTES,
  ) {
    this.#lines = new LineSplitter((line) => this.#line(line), maxEventBytes);
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
    this.#dispatch(false);
  }

  #line(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#oversized = true;
      return;
    }
    const line = this.#first ? withoutBom(bytes) : bytes;
    this.#first = false;
    if (line.length === 0) this.#dispatch(true);
    else if (line[0] === COLON) this.sink.comment?.();
    else if (isData(line)) this.#addData(line);
    else this.#field(line);
  }

  #addData(line: Uint8Array): void {
    this.#size += Math.max(line.length, this.#data === null ? 0 : MIN_LINE_BYTES);
    if (this.#oversized || this.#size > this.maxEventBytes) {
      this.#oversized = true;
      this.#data = null;
      return;
    }
    const value = decodeUtf8(line.subarray(line[5] === SPACE ? 6 : 5));
    this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
  }

  /** `id` and `retry` serve reconnection, which a reader never does; other fields are ignored by the standard. */
  #field(bytes: Uint8Array): void {
    const line = decodeUtf8(bytes);
    if (line === 'data') {
      this.#addData(EMPTY);
      return;
    }
    const colon = line.indexOf(':');
    if ((colon < 0 ? line : line.slice(0, colon)) !== 'event') return;
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    this.#name = value === '' || value.length > MAX_NAME ? null : value;
  }

  #dispatch(complete: boolean): void {
    const name = this.#name;
    const data = this.#data;
    const oversized = this.#oversized;
    this.#name = null;
    this.#data = null;
    this.#size = 0;
    this.#oversized = false;
    if (oversized) this.sink.oversized();
    else if (data !== null) this.sink.event(name, data, complete);
  }
}

/** A `data:` line: by far the most frequent, so it is told by its bytes. */
function isData(line: Uint8Array): boolean {
  return line[4] === COLON && line[0] === D && line[1] === A && line[2] === T && line[3] === A;
}

/** Without a leading UTF-8 byte order mark. */
export function withoutBom(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
