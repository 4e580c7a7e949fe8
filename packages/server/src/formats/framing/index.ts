/**
 * Framing: from bytes to events, lines, frames or one JSON body. Knows no wire format. What a content type promises is
 * checked against the first byte, since proxies and providers mislabel.
 */
import { parseJson } from '../json.ts';
import { type AwsFrame, AwsFrameParser } from './aws-frames.ts';
import { decodeUtf8 } from './bytes.ts';
import { JsonBody, MAX_BODY_BYTES } from './json-body.ts';
import { NdjsonParser } from './ndjson.ts';
import { PlainBody } from './plain-body.ts';
import { SseParser, withoutBom } from './sse.ts';

export type { AwsFrame } from './aws-frames.ts';
export { decodeUtf8 } from './bytes.ts';

export type Framing = 'sse' | 'ndjson' | 'aws-frames' | 'json' | 'plain';

/** Where an answer's parts go, whatever its framing. */
export interface FramingSink {
  /** An SSE event, or an NDJSON line (without name). `complete` is false for one that the end of the input may have cut. */
  event(name: string | null, data: string, complete: boolean): void;
  frame(frame: AwsFrame): void;
  /** A part of a stream that was skipped. */
  malformed(): void;
  /** The whole JSON body; not called where it is over the size bound. */
  body(value: unknown): void;
  /** The first characters of a body that is no JSON. */
  text(start: string): void;
}

interface Parser {
  push(chunk: Uint8Array): void;
  end?(): void;
}

const NONE = new Uint8Array(0);

/** Feeds bytes to the parser that their first bytes and the content type call for. Made anew for each answer. */
export class Framer {
  #parser: Parser | null = null;
  #head = NONE;
  #framing: Framing | null = null;

  constructor(
    readonly contentType: string | null,
    readonly sink: FramingSink,
  ) {}

  /** Null as long as it is undecided. */
  get framing(): Framing | null {
    return this.#framing;
  }

  /** Whether this is a stream: by its bytes, and before the first one by its content type. */
  get streamed(): boolean {
    if (this.#framing !== null) return this.#framing !== 'json' && this.#framing !== 'plain';
    const type = mediaType(this.contentType);
    return type === SSE_TYPE || type === AWS_TYPE || NDJSON_TYPES.has(type);
  }

  push(chunk: Uint8Array): void {
    if (this.#parser !== null) {
      this.#parser.push(chunk);
      return;
    }
    const bytes = this.#head === NONE ? withoutSpace(chunk) : chunk;
    if (bytes.length === 0) return;
    this.#head = joined(this.#head, bytes);
    const framing = decide(this.#head, mediaType(this.contentType));
    if (framing !== null) this.#start(framing);
  }

  /** The whole body at once, instead of `push` and `end`: JSON is then parsed where it lies. */
  whole(bytes: Uint8Array): void {
    const body = withoutSpace(bytes);
    if ((body[0] === BRACE || body[0] === BRACKET) && body.length <= MAX_BODY_BYTES) {
      // Several values, one a line, are no JSON.
      const value = decide(body, mediaType(this.contentType)) === 'json' ? parseJson(decodeUtf8(body)) : undefined;
      if (value !== undefined) {
        this.#framing = 'json';
        this.sink.body(value);
        return;
      }
    }
    this.push(bytes);
    this.end();
  }

  end(): void {
    if (this.#parser === null && this.#head.length > 0) this.#start('plain');
    this.#parser?.end?.();
  }

  #start(framing: Framing): void {
    this.#framing = framing;
    this.#parser = this.#parserFor(framing);
    this.#parser.push(this.#head);
    this.#head = NONE;
  }

  #parserFor(framing: Framing): Parser {
    const { sink } = this;
    const lines = {
      line: (text: string, complete: boolean) => sink.event(null, text, complete),
      oversized: () => sink.malformed(),
    };
    switch (framing) {
      case 'sse':
        return new SseParser({
          event: (name, data, complete) => sink.event(name, data, complete),
          oversized: () => sink.malformed(),
        });
      case 'ndjson':
        return new NdjsonParser(lines);
      case 'aws-frames':
        return new AwsFrameParser(sink);
      case 'json':
        return new JsonBody({
          body: (value) => sink.body(value),
          invalid: (start) => sink.text(start),
          lines: () => {
            this.#framing = 'ndjson';
            return new NdjsonParser(lines);
          },
        });
      case 'plain':
        return new PlainBody((start) => sink.text(start));
    }
  }
}

const SSE_TYPE = 'text/event-stream';
const AWS_TYPE = 'application/vnd.amazon.eventstream';
const NDJSON_TYPES = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/jsonlines',
  'application/json-seq',
  'application/stream+json',
]);
const SPACE = 32;
const BRACE = 0x7b;
const BRACKET = 0x5b;
/** White space after a byte order mark that is waited through, in bytes. */
const MAX_UNDECIDED = 64;
const SSE_LINE = /^((data|event|id|retry)?:|(data|event)[\r\n])/;
const SSE_START = /^(d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)$/;

function mediaType(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * White space before the body is no part of it; some providers send blank lines to keep the connection alive. Empty where
 * there is nothing else.
 */
function withoutSpace(chunk: Uint8Array): Uint8Array {
  let start = 0;
  while (start < chunk.length && isSpace(chunk[start])) start += 1;
  return start === 0 ? chunk : chunk.subarray(start);
}

function isSpace(byte = 0): boolean {
  return byte <= SPACE && byte !== 0;
}

function joined(head: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(head.length + chunk.length);
  both.set(head);
  both.set(chunk, head.length);
  return both;
}

/** Null while the bytes don't decide yet, as a word that may become an SSE field. `bytes` opens with no white space. */
function decide(bytes: Uint8Array, type: string): Framing | null {
  if (bytes[0] === 0) return 'aws-frames';
  if (bytes[0] === BRACE || bytes[0] === BRACKET) return NDJSON_TYPES.has(type) ? 'ndjson' : 'json';
  if (bytes[0] === 0xef && bytes.length < 4) return null;
  const start = decodeUtf8(withoutBom(bytes).subarray(0, 8)).trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return NDJSON_TYPES.has(type) ? 'ndjson' : 'json';
  if (type === AWS_TYPE) return 'aws-frames';
  if (type === SSE_TYPE) return 'sse';
  if (/^(audio|image|video|font)\//.test(type)) return 'plain';
  if (SSE_LINE.test(start)) return 'sse';
  if (start === '' && bytes.length < MAX_UNDECIDED) return null;
  return SSE_START.test(start) ? null : 'plain';
}
