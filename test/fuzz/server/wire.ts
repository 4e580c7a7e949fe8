import { connect } from 'node:net';
import type { Hostile } from './requests.ts';

/** What came back; null where the connection ended without an answer. */
export interface Reply {
  status: number;
  body: string;
}

/** Long enough for anything that is answered at all. */
const PATIENCE_MS = 20_000;

/**
 * The request's bytes. Lines are not checked: a header value may break its line. The length is the body's own unless the
 * request says another.
 */
export function bytesOf({ method, target, headers, body }: Hostile): Buffer {
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const more: [string, string][] = [
    ...(named.has('host') ? [] : [['host', 'headgate'] as [string, string]]),
    ...(body === null || named.has('content-length') || named.has('transfer-encoding')
      ? []
      : [['content-length', String(Buffer.byteLength(body))] as [string, string]]),
    ...(named.has('connection') ? [] : [['connection', 'close'] as [string, string]]),
  ];
  const lines = [...more, ...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${body ?? ''}`);
}

/** Sends the bytes, ends its side, and reads until the server ends its own. Rejects when that never happens. */
export function exchange(origin: string, bytes: Uint8Array): Promise<Reply | null> {
  const { hostname, port } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<Reply | null>();
  const chunks: Buffer[] = [];
  const socket = connect(Number(port), hostname, () => socket.end(bytes));
  socket.setTimeout(PATIENCE_MS, () => {
    socket.destroy();
    reject(new Error(`no answer and no end within ${PATIENCE_MS / 1000} s`));
  });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.on('close', () => {
    const text = Buffer.concat(chunks).toString();
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    resolve(status === undefined ? null : { status: Number(status), body: text.slice(text.indexOf('\r\n\r\n') + 4) });
  });
  return promise;
}
