/** Makes and reads bodies in tests. */
import { crc32 } from 'node:zlib';
import { createReader, type FormatName, type Reading } from './index.ts';

export interface Given {
  format: FormatName;
  status?: number;
  type?: string | null;
  headers?: Record<string, string>;
  maxTextBytes?: number;
}

/** Reads one answer that comes in one piece. */
export function read(given: Given, body: string | Uint8Array): Reading {
  const { format, status = 200, type = 'application/json', headers = {}, maxTextBytes } = given;
  const bound = maxTextBytes === undefined ? {} : { maxTextBytes };
  const reader = createReader({ format, status, contentType: type, header: (name) => headers[name] ?? null, ...bound });
  reader.push(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  return reader.end();
}

/** Reads a stream of server-sent events: objects become the data of one, texts stand as they are. */
export function sse(format: FormatName, ...events: (object | string)[]): Reading {
  const texts = events.map((event) => (typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`));
  return read({ format, type: 'text/event-stream' }, texts.join(''));
}

export function json(format: FormatName, value: unknown, given: Omit<Given, 'format'> = {}): Reading {
  return read({ format, ...given }, JSON.stringify(value));
}

export const DONE = 'data: [DONE]\n\n';

/** A frame as Amazon's event stream encoding defines it; header values may be of any type. */
export function awsFrame(headers: [name: string, type: number, value: Uint8Array][], payload: string): Buffer {
  const encoded = headers.map(([name, type, value]) => {
    const length = type === 6 || type === 7 ? [value.length >> 8, value.length & 255] : [];
    return Buffer.from([name.length, ...Buffer.from(name), type, ...length, ...value]);
  });
  const head = Buffer.concat(encoded);
  const content = Buffer.from(payload);
  const total = 12 + head.length + content.length + 4;
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(total, 0);
  prelude.writeUInt32BE(head.length, 4);
  const body = Buffer.concat([prelude, bigEndian(crc32(prelude)), head, content]);
  return Buffer.concat([body, bigEndian(crc32(body))]);
}

/** Four bytes. */
export function bigEndian(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}
