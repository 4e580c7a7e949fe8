import type { LogBodies } from '../log-ports.ts';
import { DamagedSegment } from './damage.ts';
import type { Place, Places } from './protocol.ts';

/** Bodies as they lie in the file: a byte that says how, then the content. */
export interface PackedBodies {
  request: Uint8Array | null;
  response: Uint8Array | null;
  responseText: Uint8Array | null;
}

const PLAIN = 0;
const ZSTD = 1;
/** The three of a row in one frame, which stands with the first of them: their lengths, then zstd. The others hold this byte alone. */
const TOGETHER = 2;
/** Below this zstd's own frame eats the gain. */
const WORTH_COMPRESSING = 64;

const NAMES = ['request', 'response', 'responseText'] as const;
/** The byte, and three lengths. */
const HEAD_BYTES = 1 + NAMES.length * 4;

/**
 * Packs the bodies of a row. Those that stand end to end, which is the rule, are compressed together: a frame costs as much
 * as a kilobyte of text, and an answer repeats its question.
 */
export function packBodies(places: Places, arenas: readonly Uint8Array[]): PackedBodies {
  const all = endToEnd(places);
  const bytes = all === null ? undefined : arenas[all[0]]?.subarray(all[1], all[2]);
  const compressed = bytes === undefined ? null : compress(bytes);
  if (compressed !== null) return packedTogether(places, compressed);
  const pack = (place: Place | null) => {
    const body = place && arenas[place[0]]?.subarray(place[1], place[2]);
    return body ? packBody(body) : null;
  };
  return { request: pack(places.request), response: pack(places.response), responseText: pack(places.responseText) };
}

/** Where two or three bodies stand one behind the other; null where there is one, or they don't. */
function endToEnd(places: Places): Place | null {
  let all: Place | null = null;
  let count = 0;
  for (const name of NAMES) {
    const place = places[name];
    if (place === null) continue;
    if (all !== null && (place[0] !== all[0] || place[1] !== all[2])) return null;
    all = all === null ? place : [all[0], all[1], place[2]];
    count += 1;
  }
  return count > 1 ? all : null;
}

function packedTogether(places: Places, compressed: Uint8Array): PackedBodies {
  const frame = new Uint8Array(HEAD_BYTES + compressed.byteLength);
  frame[0] = TOGETHER;
  const lengths = new DataView(frame.buffer, 1);
  NAMES.forEach((name, i) => {
    const place = places[name];
    lengths.setUint32(i * 4, place === null ? 0 : place[2] - place[1]);
  });
  frame.set(compressed, HEAD_BYTES);
  let isFirst = true;
  const packed: PackedBodies = { request: null, response: null, responseText: null };
  for (const name of NAMES) {
    if (places[name] === null) continue;
    packed[name] = isFirst ? frame : ELSEWHERE;
    isFirst = false;
  }
  return packed;
}

const ELSEWHERE = Uint8Array.of(TOGETHER);

function packBody(content: Uint8Array): Uint8Array {
  const compressed = compress(content);
  return compressed === null ? framed(PLAIN, content) : framed(ZSTD, compressed);
}

/** Null where it gains nothing. */
function compress(content: Uint8Array): Uint8Array | null {
  if (content.byteLength < WORTH_COMPRESSING) return null;
  const compressed = Bun.zstdCompressSync(content, { level: 1 });
  return compressed.byteLength < content.byteLength ? compressed : null;
}

/** @throws DamagedSegment */
export function unpackBodies(packed: PackedBodies): LogBodies {
  const first = packed.request ?? packed.response ?? packed.responseText;
  const unpacked = first?.[0] === TOGETHER ? unpackTogether(packed, first) : unpackEach(packed);
  const { request, response, responseText } = unpacked;
  return { request, response, responseText: responseText && utf8.decode(responseText) };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

type Unpacked = Record<(typeof NAMES)[number], Uint8Array | null>;

function unpackEach({ request, response, responseText }: PackedBodies): Unpacked {
  return {
    request: request && unpackBody(request),
    response: response && unpackBody(response),
    responseText: responseText && unpackBody(responseText),
  };
}

function unpackTogether(packed: PackedBodies, frame: Uint8Array): Unpacked {
  if (frame.byteLength < HEAD_BYTES) throw new DamagedSegment('bodies that are cut short');
  const bytes = decompress(frame.subarray(HEAD_BYTES));
  const lengths = new DataView(frame.buffer, frame.byteOffset + 1);
  const unpacked: Unpacked = { request: null, response: null, responseText: null };
  let end = 0;
  NAMES.forEach((name, i) => {
    const start = end;
    end += lengths.getUint32(i * 4);
    if (packed[name] !== null) unpacked[name] = bytes.slice(start, end);
  });
  if (end !== bytes.byteLength) throw new DamagedSegment('bodies whose lengths do not add up');
  return unpacked;
}

function unpackBody(packed: Uint8Array): Uint8Array {
  const content = packed.subarray(1);
  if (packed[0] === PLAIN) return content.slice();
  if (packed[0] !== ZSTD) throw new DamagedSegment('a body of unknown encoding');
  return decompress(content);
}

function decompress(content: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(Bun.zstdDecompressSync(content));
  } catch (error) {
    throw new DamagedSegment(`a body can't be decompressed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function framed(encoding: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.byteLength + 1);
  bytes[0] = encoding;
  bytes.set(content, 1);
  return bytes;
}
