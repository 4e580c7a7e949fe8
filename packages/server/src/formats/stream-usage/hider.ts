import { ByteBuffer, decodeUtf8 } from '../framing/bytes.ts';
import { asObject, parseJson } from '../json.ts';
import { findMember, withoutMember } from '../members.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/** An event over this many bytes is passed on as it comes; one with usage alone has some hundred. */
const MAX_EVENT_BYTES = 256 * 1024;

/** What became of the line end whose LF may still follow its CR. */
type AfterCr = 'held' | 'shown' | 'hidden' | null;

/**
 * Takes out of an OpenAI-style event stream what `include_usage` puts in: the event with usage alone, and `"usage":null` in
 * the others. Every other byte is passed on, each event as soon as its blank line is there and each comment at its line's
 * end, however the bytes are split into chunks. Never throws.
 */
export class UsageHider {
  /** The last event that was hidden, as sent; null before there was one. */
  event: Uint8Array | null = null;
  readonly #held = new ByteBuffer(MAX_EVENT_BYTES);
  #out: Uint8Array[] = [];
  /** Bytes of the line that has no end yet, and the first of them. */
  #lineBytes = 0;
  #lineStart = 0;
  /** Lines of the event before that one. */
  #lines = 0;
  /** The event is over the bound: the rest of it goes out as it comes. */
  #passing = false;
  #afterCr: AfterCr = null;

  /** What may go out now that this chunk is here; may be empty. */
  push(chunk: Uint8Array): Uint8Array {
    let from = 0;
    let at = 0;
    if (chunk.length > 0) {
      if (this.#afterCr !== null && chunk[0] === LF) at = 1;
      if (at === 1 && this.#afterCr === 'shown') this.#out.push(chunk.subarray(0, 1));
      if (at === 1 && this.#afterCr !== 'held') from = 1;
      this.#afterCr = null;
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte !== LF && byte !== CR) {
        if (this.#lineBytes === 0) this.#lineStart = byte;
        this.#lineBytes += 1;
        continue;
      }
      const end = byte === CR && chunk[at + 1] === LF ? at + 2 : at + 1;
      const became = this.#lineEnds() ? this.#eventEnds(chunk.subarray(from, end)) : 'held';
      if (became !== 'held') from = end;
      if (byte === CR && end === chunk.length && end === at + 1) this.#afterCr = became;
      at = end - 1;
    }
    this.#hold(chunk.subarray(from));
    return this.#taken();
  }

  /** What is left at the end of the stream, which may have cut its last event. */
  end(): Uint8Array {
    if (this.#held.length > 0) this.#eventEnds(new Uint8Array(0));
    return this.#taken();
  }

  /** Whether an event ends with this line: a blank one, or a comment between events. */
  #lineEnds(): boolean {
    const isBlank = this.#lineBytes === 0;
    const isComment = this.#lines === 0 && this.#lineStart === COLON;
    this.#lineBytes = 0;
    this.#lines += 1;
    return isBlank || isComment;
  }

  #eventEnds(last: Uint8Array): 'shown' | 'hidden' {
    const event = this.#held.length === 0 ? last : Buffer.concat([this.#held.view(), last]);
    const shown = this.#passing ? event : this.#shown(event);
    this.#held.clear();
    this.#lines = 0;
    this.#passing = false;
    this.#out.push(shown);
    return shown.length === 0 ? 'hidden' : 'shown';
  }

  #hold(rest: Uint8Array): void {
    if (!this.#passing && this.#held.append(rest)) return;
    this.#passing = true;
    this.#out.push(this.#held.view().slice(), rest);
    this.#held.clear();
  }

  /** What of an event goes out. */
  #shown(event: Uint8Array): Uint8Array {
    if (Buffer.from(event.buffer, event.byteOffset, event.length).indexOf('"usage"') < 0) return event;
    const lines = linesOf(event);
    const data = lines.filter((line) => isData(line));
    const [only] = data;
    if (only === undefined || data.length > 1) return event;
    const start = only[5] === SPACE ? 6 : 5;
    const value = asObject(parseJson(decodeUtf8(only.subarray(start))));
    if (value === null) return event;
    if (Array.isArray(value.choices) && value.choices.length === 0 && asObject(value.usage) !== null) {
      this.event = event.slice();
      // A comment within the event is the client's.
      return Buffer.concat(lines.filter((line) => line[0] === COLON));
    }
    const member = value.usage === null ? findMember(only, start, 'usage') : null;
    if (member === null) return event;
    return Buffer.concat(lines.map((line) => (line === only ? withoutMember(only, member) : line)));
  }

  #taken(): Uint8Array {
    const [only = new Uint8Array(0)] = this.#out;
    const taken = this.#out.length < 2 ? only : Buffer.concat(this.#out);
    this.#out = [];
    return taken;
  }
}

function isData(line: Uint8Array): boolean {
  return decodeUtf8(line.subarray(0, 5)) === 'data:';
}

/** The lines of an event, each with its end. */
function linesOf(event: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < event.length; at += 1) {
    if (event[at] !== LF && (event[at] !== CR || event[at + 1] === LF)) continue;
    lines.push(event.subarray(start, at + 1));
    start = at + 1;
  }
  if (start < event.length) lines.push(event.subarray(start));
  return lines;
}
