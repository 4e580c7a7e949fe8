import { crc32 } from 'node:zlib';
import { ByteBuffer, decodeUtf8 } from './bytes.ts';
import { MAX_EVENT_BYTES } from './sse.ts';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;

export interface AwsFrame {
  /** String headers, e.g. `:message-type`, `:event-type`, `:exception-type`; values of other types are left out. */
  headers: Record<string, string>;
  /** Valid during the call only. */
  payload: Uint8Array;
}

export interface AwsFrameSink {
  frame(frame: AwsFrame): void;
  /** A frame that was skipped: its checksum is wrong, it is over the size bound, or the framing is lost from here on. */
  malformed(): void;
}

/**
 * Incremental parser for the binary frames of `application/vnd.amazon.eventstream`: total length, header length, prelude
 * CRC-32, headers, payload, message CRC-32, all big-endian. After a wrong prelude no frame can be found again, so the
 * rest of the input is ignored.
 */
export class AwsFrameParser {
  readonly #held: ByteBuffer;
  /** Total length of the frame that is being collected, or 0 before its prelude is complete. */
  #frameBytes = 0;
  #skipBytes = 0;
  #lost = false;

  constructor(
    readonly sink: AwsFrameSink,
    readonly maxFrameBytes = MAX_EVENT_BYTES,
  ) {
    this.#held = new ByteBuffer(Math.max(maxFrameBytes, PRELUDE_BYTES));
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#lost) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, chunk.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      const wanted = (this.#frameBytes === 0 ? PRELUDE_BYTES : this.#frameBytes) - this.#held.length;
      const taken = Math.min(wanted, chunk.length - at);
      this.#held.append(chunk.subarray(at, at + taken));
      at += taken;
      if (taken < wanted) return;
      if (this.#frameBytes === 0) this.#readPrelude();
      else this.#readFrame();
    }
  }

  #readPrelude(): void {
    const bytes = this.#held.view();
    if (!isPrelude(bytes)) {
      this.#lost = true;
      this.sink.malformed();
      return;
    }
    const total = wordAt(bytes, 0);
    if (total <= this.maxFrameBytes) {
      this.#frameBytes = total;
      return;
    }
    this.#skipBytes = total - PRELUDE_BYTES;
    this.#held.clear();
    this.sink.malformed();
  }

  #readFrame(): void {
    const bytes = this.#held.view();
    const end = bytes.length - CRC_BYTES;
    const headersEnd = PRELUDE_BYTES + wordAt(bytes, 4);
    const headers = wordAt(bytes, end) === crc32(bytes.subarray(0, end)) ? readHeaders(bytes, headersEnd) : null;
    if (headers === null) this.sink.malformed();
    else this.sink.frame({ headers, payload: bytes.subarray(headersEnd, end) });
    this.#frameBytes = 0;
    this.#held.clear();
  }
}

/** Whether bytes open with a frame's prelude, proven by its checksum. Needs 12 bytes. */
export function isPrelude(bytes: Uint8Array): boolean {
  if (bytes.length < PRELUDE_BYTES) return false;
  const [total, headers] = [wordAt(bytes, 0), wordAt(bytes, 4)];
  return total >= PRELUDE_BYTES + headers + CRC_BYTES && wordAt(bytes, 8) === crc32(bytes.subarray(0, 8));
}

function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}

/** Value lengths by header type: true, false, byte, short, integer, long, byte array, string, timestamp, uuid. */
const VALUE_BYTES = [0, 0, 1, 2, 4, 8, null, null, 8, 16];
const STRING = 7;

/** Null where the headers don't add up. */
function readHeaders(bytes: Uint8Array, end: number): Record<string, string> | null {
  const headers: Record<string, string> = {};
  let at = PRELUDE_BYTES;
  while (at < end) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    const type = bytes[nameEnd] ?? -1;
    const fixed = VALUE_BYTES[type];
    if (fixed === undefined || nameEnd >= end) return null;
    const start = nameEnd + (fixed === null ? 3 : 1);
    const length = fixed ?? (bytes[nameEnd + 1] ?? 0) * 256 + (bytes[nameEnd + 2] ?? 0);
    if (start + length > end) return null;
    if (type === STRING) {
      headers[decodeUtf8(bytes.subarray(at + 1, nameEnd))] = decodeUtf8(bytes.subarray(start, start + length));
    }
    at = start + length;
  }
  return headers;
}
