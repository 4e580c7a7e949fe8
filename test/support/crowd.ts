/** Many clients at once over plain sockets: each sees the bytes as they come, and leaves when told. */
import { connect } from 'node:net';

export interface Client {
  /** Resolves with the answer when its last byte is there, or the connection is closed. */
  readonly whole: Promise<Whole>;
  /** Resolves when at least so many bytes of the body are there. */
  received(bytes: number): Promise<void>;
  leave(): void;
}

export interface Whole {
  head: string;
  body: string;
  /** The body came to its proper end. */
  complete: boolean;
}

export interface CrowdRequest {
  url: string;
  body: string;
  headers?: Record<string, string>;
  count: number;
}

export function openCrowd({ url, body, headers = {}, count }: CrowdRequest): Client[] {
  const { hostname, port, pathname } = new URL(url);
  const lines = Object.entries({ host: hostname, 'content-length': String(body.length), ...headers });
  const request = `POST ${pathname} HTTP/1.1\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${body}`;
  return Array.from({ length: count }, () => openClient({ hostname, port: Number(port) }, request));
}

function openClient({ hostname, port }: { hostname: string; port: number }, request: string): Client {
  const socket = connect(port, hostname, () => void socket.write(request));
  const answer = new Answer();
  const { promise: whole, resolve } = Promise.withResolvers<Whole>();
  const waiting: { bytes: number; resolve: () => void }[] = [];
  socket.on('data', (bytes: Buffer) => {
    answer.push(bytes);
    for (const one of waiting) if (answer.body.length >= one.bytes) one.resolve();
    if (!answer.complete) return;
    resolve(answer.whole());
    socket.destroy();
  });
  // Being broken off is an answer that is not complete.
  socket.on('error', () => {});
  socket.on('close', () => resolve(answer.whole()));
  return {
    whole,
    received: (bytes) =>
      answer.body.length >= bytes ? Promise.resolve() : new Promise((resolve) => waiting.push({ bytes, resolve })),
    leave: () => socket.destroy(),
  };
}

/** A chunked answer as it comes in. */
class Answer {
  head = '';
  body = '';
  complete = false;
  #rest = '';

  push(bytes: Buffer): void {
    this.#rest += bytes.toString('latin1');
    if (this.head === '') {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 4);
    }
    for (;;) {
      const lineEnd = this.#rest.indexOf('\r\n');
      if (lineEnd < 0) return;
      const size = Number.parseInt(this.#rest.slice(0, lineEnd), 16);
      if (this.#rest.length < lineEnd + 2 + size + 2) return;
      this.body += this.#rest.slice(lineEnd + 2, lineEnd + 2 + size);
      this.#rest = this.#rest.slice(lineEnd + 2 + size + 2);
      if (size === 0) this.complete = true;
    }
  }

  whole(): Whole {
    return { head: this.head, body: this.body, complete: this.complete };
  }
}
