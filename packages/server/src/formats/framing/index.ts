/**
 * Framing: from bytes to events, lines, frames or one JSON body. Knows no wire format. What a content type promises is
 * checked against the first byte, since proxies and providers mislabel.
 */
import { type AwsFrame, AwsFrameParser } from './aws-frames.ts';
import { decodeUtf8 } from './bytes.ts';
import { JsonBody } from './json-body.ts';
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

/** Feeds bytes to the parser that their first bytes and the content type call for. Made anew for each answer. */
export class Framer {
  #parser: Parser | null = null;
  #head = new Uint8Array(0);
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
    // White space before the body is no part of it; some providers send blank lines to keep the connection alive.
    const start = this.#head.length > 0 ? 0 : chunk.findIndex((byte) => byte > SPACE || byte === 0);
    if (start < 0) return;
    const head = new Uint8Array(this.#head.length + chunk.length - start);
    head.set(this.#head);
    head.set(chunk.subarray(start), this.#head.length);
    this.#head = head;
    const framing = decide(head, mediaType(this.contentType));
    if (framing !== null) this.#start(framing);
  }

  end(): void {
    if (this.#parser === null && this.#head.length > 0) this.#start('plain');
    this.#parser?.end?.();
  }

  #start(framing: Framing): void {
    this.#framing = framing;
    this.#parser = this.#parserFor(framing);
    this.#parser.push(this.#head);
    this.#head = new Uint8Array(0);
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
/** White space after a byte order mark that is waited through, in bytes. */
const MAX_UNDECIDED = 64;
const SSE_LINE = /^((data|event|id|retry)?:|(data|event)[\r\n])/;
const SSE_START = /^(d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)$/;

function mediaType(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Null while the bytes don't decide yet, as a word that may become an SSE field. `bytes` opens with no white space. */
function decide(bytes: Uint8Array, type: string): Framing | null {
  if (bytes[0] === 0) return 'aws-frames';
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
