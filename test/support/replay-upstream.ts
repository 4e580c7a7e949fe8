import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { cutBody } from './chunking.ts';
import { headerOf, type RawConnection, type RawRequest, serveRaw } from './raw-http.ts';
import { type Recording, responseBytes } from './recordings.ts';

export interface ReplayUpstream {
  /** `http://127.0.0.1:PORT`; every path answers. */
  url: string;
  /** What came in, oldest first. */
  requests: RawRequest[];
  stop(): Promise<void>;
}

/**
 * A provider that answers with recordings. Request headers choose what and how:
 * - `x-replay-id`: id of the recording; its status, headers and body bytes are sent as recorded.
 * - `x-replay-chunks`: `whole` (default, with a length), or, as chunked transfer coding: `byte`, `events` (one event,
 *   line or frame each), `n:SIZE`, `random:SEED` (1 to 64 bytes). Every piece is a write of its own.
 * - `x-replay-encoding`: `gzip`, `br`, `zstd` or `deflate` compresses the body first; not with `events`.
 */
export async function startReplayUpstream(options: { recordings: readonly Recording[] }): Promise<ReplayUpstream> {
  const byId = new Map(options.recordings.map((recording) => [recording.id, recording]));
  const requests: RawRequest[] = [];
  const server = await serveRaw(async (request, connection) => {
    requests.push(request);
    const recording = byId.get(headerOf(request, 'x-replay-id') ?? '');
    if (recording === undefined) return refuse(connection, 404, 'x-replay-id names no recording');
    const answer = answerFor(recording, request);
    return typeof answer === 'string' ? refuse(connection, 400, answer) : send(answer, connection);
  });
  return { url: server.url, requests, stop: server.stop };
}

interface Answer {
  head: string;
  pieces: readonly Uint8Array[];
  chunked: boolean;
}

const ENCODERS: ReadonlyMap<string, (bytes: Uint8Array) => Uint8Array> = new Map([
  ['gzip', (bytes) => gzipSync(bytes)],
  ['br', (bytes) => brotliCompressSync(bytes)],
  ['zstd', (bytes) => zstdCompressSync(bytes)],
  ['deflate', (bytes) => deflateSync(bytes)],
]);

function answerFor(recording: Recording, request: RawRequest): Answer | string {
  const rule = headerOf(request, 'x-replay-chunks') ?? 'whole';
  const encoding = headerOf(request, 'x-replay-encoding');
  const encode = encoding === null ? (bytes: Uint8Array) => bytes : ENCODERS.get(encoding);
  if (encode === undefined) return 'x-replay-encoding is none of gzip, br, zstd, deflate';
  if (encoding !== null && rule === 'events') return 'events have no borders in a compressed body';
  const body = encode(responseBytes(recording));
  const pieces = cutBody(body, rule, recording.stream_format);
  if (pieces === null) return 'x-replay-chunks is none of whole, byte, events, n:SIZE, random:SEED';
  const chunked = rule !== 'whole';
  const framing = chunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`;
  const lines = [
    `HTTP/1.1 ${recording.response.status} Recorded`,
    ...Object.entries(recording.response.headers).map(([name, value]) => `${name}: ${value}`),
    ...(encoding === null ? [] : [`content-encoding: ${encoding}`]),
    framing,
  ];
  return { head: `${lines.join('\r\n')}\r\n\r\n`, pieces, chunked };
}

async function send({ head, pieces, chunked }: Answer, connection: RawConnection): Promise<void> {
  if (!chunked) return connection.write(Buffer.concat([Buffer.from(head), ...pieces]));
  await connection.write(head);
  for (const piece of pieces) {
    const size = `${piece.length.toString(16)}\r\n`;
    await connection.write(Buffer.concat([Buffer.from(size), piece, Buffer.from('\r\n')]));
    // Back to the event loop: a write of its own is no use when the next one follows before anybody could read it.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await connection.write('0\r\n\r\n');
}

function refuse(connection: RawConnection, status: number, message: string): Promise<void> {
  return connection.write(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain\r\ncontent-length: ${message.length}\r\n\r\n${message}`,
  );
}
