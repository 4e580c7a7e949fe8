import type { LogBodies } from '../log-ports.ts';
import { DamagedSegment } from './damage.ts';

/** Bodies as they lie in the file: a byte that says how, then the content. */
export interface PackedBodies {
  request: Uint8Array | null;
  response: Uint8Array | null;
  responseText: Uint8Array | null;
}

const PLAIN = 0;
const ZSTD = 1;
/** Below this zstd's own frame eats the gain. */
const WORTH_COMPRESSING = 64;

export function packBody(content: Uint8Array): Uint8Array {
  if (content.byteLength >= WORTH_COMPRESSING) {
    const compressed = Bun.zstdCompressSync(content, { level: 1 });
    if (compressed.byteLength < content.byteLength) return framed(ZSTD, compressed);
  }
  return framed(PLAIN, content);
}

/** @throws DamagedSegment */
export function unpackBodies(packed: PackedBodies): LogBodies {
  const text =
    packed.responseText === null
      ? null
      : new TextDecoder('utf-8', { ignoreBOM: true }).decode(unpackBody(packed.responseText));
  return {
    request: packed.request === null ? null : unpackBody(packed.request),
    response: packed.response === null ? null : unpackBody(packed.response),
    responseText: text,
  };
}

function unpackBody(packed: Uint8Array): Uint8Array {
  const content = packed.subarray(1);
  if (packed[0] === PLAIN) return content.slice();
  if (packed[0] !== ZSTD) throw new DamagedSegment('a body of unknown encoding');
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
