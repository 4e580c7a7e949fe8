import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

/** Undoes a content coding for reading and logging; the client gets the bytes as sent. */
export interface Decoder {
  push(chunk: Uint8Array): void;
  /** Resolves when everything pushed has been handed on; a broken stream ends early and quietly. */
  end(): Promise<void>;
}

/**
 * A decoder for `encoding`, or null when there is nothing to undo.
 * Codings that we cannot read (or several at once) give the text `opaque`: such bodies are kept as sent and not read.
 */
export function createDecoder(encoding: string | null, take: (chunk: Uint8Array) => void): Decoder | null | 'opaque' {
  if (encoding === null) return null;
  const stream = streamFor(encoding.trim().toLowerCase());
  if (stream === null) return null;
  if (stream === 'opaque') return 'opaque';
  let over: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    over = resolve;
  });
  let open = true;
  const close = () => {
    open = false;
    over();
  };
  stream.on('data', take);
  stream.on('end', close);
  stream.on('error', close);
  return {
    push: (chunk) => {
      if (open) stream.write(chunk);
    },
    end: () => {
      if (open) stream.end();
      return finished;
    },
  };
}

function streamFor(encoding: string) {
  // A truncated answer is still worth reading: flush what there is instead of failing at the end.
  const partial = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip(partial);
    case 'deflate':
      return createInflate(partial);
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return createZstdDecompress({ finishFlush: constants.ZSTD_e_flush });
    default:
      return 'opaque';
  }
}
