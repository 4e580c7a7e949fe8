import { afterAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { loadRecordings, type Recording, responseBytes } from './recordings.ts';
import { startReplayUpstream } from './replay-upstream.ts';

const recordings = await loadRecordings(join(import.meta.dir, '../fixtures/recordings'));
const upstream = await startReplayUpstream({ recordings });
afterAll(() => upstream.stop());

/** The smallest recording of a stream format: small ones keep the byte-wise tests short. */
function smallest(format: Recording['stream_format']): Recording {
  const [first] = recordings
    .filter((recording) => recording.stream_format === format && recording.response.body.length > 1_000)
    .sort((a, b) => a.response.body.length - b.response.body.length);
  if (first === undefined) throw new Error(`no recording of ${format}`);
  return first;
}

function ask(recording: Recording, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${upstream.url}/any/path`, { headers: { 'x-replay-id': recording.id, ...headers }, decompress: false });
}

/** Everything that the server sends until it has sent `end`, as it is on the wire. */
function raw(request: string, end: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(new URL(upstream.url).port), '127.0.0.1', () => socket.write(request));
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const seen = Buffer.concat(chunks);
      if (!seen.toString('latin1').endsWith(end)) return;
      socket.destroy();
      resolve(seen);
    });
  });
}

/** The chunks of a chunked body as they stand on the wire. */
function chunksOf(wire: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = wire.indexOf('\r\n\r\n') + 4; ; ) {
    const lineEnd = wire.indexOf('\r\n', at);
    const size = Number.parseInt(wire.toString('latin1', at, lineEnd), 16);
    if (size === 0) return chunks;
    chunks.push(wire.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

test('every recording comes back with its status, headers and bytes', async () => {
  for (const recording of recordings) {
    const response = await ask(recording);
    expect(response.status).toBe(recording.response.status);
    expect(response.headers.get('content-type')).toBe(recording.response.headers['content-type'] ?? null);
    expect(Buffer.from(await response.arrayBuffer()).equals(responseBytes(recording))).toBe(true);
  }
});

test.each(['byte', 'events', 'n:7', 'random:42'])('chunked as %s, the bytes are the same', async (rule) => {
  for (const format of ['sse', 'ndjson', 'eventstream', null] as const) {
    const recording = smallest(format);
    const response = await ask(recording, { 'x-replay-chunks': rule });
    expect(Buffer.from(await response.arrayBuffer()).equals(responseBytes(recording))).toBe(true);
  }
});

test.each([
  ['byte', 'sse', (sizes: number[]) => sizes.every((size) => size === 1)],
  ['n:7', 'sse', (sizes: number[]) => sizes.slice(0, -1).every((size) => size === 7)],
  ['random:1', 'sse', (sizes: number[]) => new Set(sizes).size > 5 && Math.max(...sizes) <= 64],
] as const)('%s cuts the body as it says', async (rule, format, fits) => {
  const recording = smallest(format);
  const wire = await raw(
    `GET / HTTP/1.1\r\nx-replay-id: ${recording.id}\r\nx-replay-chunks: ${rule}\r\n\r\n`,
    '\r\n0\r\n\r\n',
  );
  const chunks = chunksOf(wire);
  expect(Buffer.concat(chunks).equals(responseBytes(recording))).toBe(true);
  expect(fits(chunks.map((chunk) => chunk.length))).toBe(true);
});

test.each([
  ['sse', (chunk: Buffer) => /^(event|data|:)/.test(String(chunk)) && /\n\r?\n$/.test(String(chunk))],
  ['ndjson', (chunk: Buffer) => typeof JSON.parse(String(chunk)) === 'object'],
  ['eventstream', (chunk: Buffer) => chunk.readUInt32BE(0) === chunk.length],
] as const)('events of %s come one by one', async (format, isOne) => {
  const recording = smallest(format);
  const wire = await raw(
    `GET / HTTP/1.1\r\nx-replay-id: ${recording.id}\r\nx-replay-chunks: events\r\n\r\n`,
    '\r\n0\r\n\r\n',
  );
  const chunks = chunksOf(wire);
  expect(chunks.length).toBeGreaterThan(1);
  expect(chunks.every(isOne)).toBe(true);
});

test('the same seed cuts at the same places', async () => {
  const request = (seed: number) =>
    raw(
      `GET / HTTP/1.1\r\nx-replay-id: ${smallest('sse').id}\r\nx-replay-chunks: random:${seed}\r\n\r\n`,
      '\r\n0\r\n\r\n',
    );
  const [first, again, other] = await Promise.all([request(5), request(5), request(6)]);
  expect(again).toEqual(first as Buffer);
  expect(other).not.toEqual(first as Buffer);
});

test.each([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
  ['deflate', inflateSync],
] as const)('%s compresses on the way, also byte by byte', async (encoding, decode) => {
  const recording = smallest('sse');
  for (const rule of ['whole', 'byte']) {
    const response = await ask(recording, { 'x-replay-encoding': encoding, 'x-replay-chunks': rule });
    expect(response.headers.get('content-encoding')).toBe(encoding);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.equals(responseBytes(recording))).toBe(false);
    expect(decode(bytes).equals(responseBytes(recording))).toBe(true);
  }
});

test('a request is kept as it came: method, URL, header spelling and order, body', async () => {
  const before = upstream.requests.length;
  const body = 'a\u0000ü';
  const head = `POST /v1/x%20y?a=b&c HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nx-twice: 2\r\nx-replay-id: none\r\n`;
  await raw(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, 'names no recording');
  await raw(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\na\u0000\r\n2\r\nü\r\n0\r\n\r\n`, 'names no recording');
  for (const request of upstream.requests.slice(before)) {
    expect(request).toMatchObject({ method: 'POST', url: '/v1/x%20y?a=b&c' });
    expect(request.headers.slice(0, 3)).toEqual([
      ['Host', 'h'],
      ['X-Twice', '1'],
      ['x-twice', '2'],
    ]);
    expect(Buffer.from(request.body).toString()).toBe(body);
  }
});

test.each([
  ['x-replay-chunks', 'n:0'],
  ['x-replay-chunks', 'words'],
  ['x-replay-encoding', 'lzma'],
])('%s: %s is refused', async (name, value) => {
  expect((await ask(smallest('sse'), { [name]: value })).status).toBe(400);
});
