/** An HTTP/1.1 server that hides nothing: what a test writes is what goes over the wire, byte for byte. */
import { createServer, type Server, type Socket } from 'node:net';

export interface RawRequest {
  method: string;
  /** Path and query as sent. */
  url: string;
  /** In order, names and values as sent. */
  headers: [string, string][];
  /** Transfer coding undone. */
  body: Uint8Array;
}

export interface RawConnection {
  /** Resolves when the bytes were handed to the kernel, or at once when the connection is gone. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** Closes in good order (FIN). */
  end(): void;
  /** Breaks off (RST). */
  reset(): void;
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
}

export interface RawServer {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  openConnections(): number;
  /** Connections accepted since the start. */
  acceptedConnections(): number;
  /** Drops all connections and closes the port. */
  stop(): Promise<void>;
}

export type RawHandler = (request: RawRequest, connection: RawConnection) => Promise<void>;

/** First value of a header, name in lower case; null when it is absent. */
export function headerOf(request: RawRequest, name: string): string | null {
  return request.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

/** Listens on a free loopback port. Requests of one connection are handled one after the other. */
export async function serveRaw(handle: RawHandler): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    const connection = connectionOf(socket);
    const parser = new RequestParser();
    let turn = Promise.resolve();
    socket.on('data', (chunk: Uint8Array) => {
      for (const request of parser.push(chunk)) turn = turn.then(() => handle(request, connection));
    });
    // The other side breaking off is what many tests are about; `closed` tells of it.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    openConnections: () => sockets.size,
    acceptedConnections: () => accepted,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function connectionOf(socket: Socket): RawConnection {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    closed,
    write: (bytes) => {
      if (socket.destroyed) return Promise.resolve();
      const written = new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      return Promise.race([written, closed]);
    },
    end: () => socket.end(),
    reset: () => socket.resetAndDestroy(),
  };
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

interface Head {
  method: string;
  url: string;
  headers: [string, string][];
}

/** Cuts a connection's bytes into requests; bodies by `content-length` or chunked transfer coding. */
class RequestParser {
  #rest = Buffer.alloc(0);

  push(chunk: Uint8Array): RawRequest[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const requests: RawRequest[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) requests.push(next);
    return requests;
  }

  #next(): RawRequest | null {
    const headEnd = this.#rest.indexOf(HEAD_END);
    if (headEnd < 0) return null;
    const head = parseHead(this.#rest.toString('latin1', 0, headEnd));
    const bodyStart = headEnd + HEAD_END.length;
    const lengthOf = (name: string) => head.headers.find(([key]) => key.toLowerCase() === name)?.[1];
    const body =
      lengthOf('transfer-encoding') === 'chunked'
        ? readChunked(this.#rest, bodyStart)
        : readSized(this.#rest, bodyStart, Number(lengthOf('content-length') ?? 0));
    if (body === null) return null;
    this.#rest = this.#rest.subarray(body.end);
    return { ...head, body: body.bytes };
  }
}

function parseHead(text: string): Head {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [method = '', url = ''] = requestLine.split(' ');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { method, url, headers };
}

interface Body {
  bytes: Uint8Array;
  /** Where the next request begins. */
  end: number;
}

function readSized(buffer: Buffer, start: number, length: number): Body | null {
  const end = start + length;
  return buffer.length < end ? null : { bytes: Uint8Array.from(buffer.subarray(start, end)), end };
}

function readChunked(buffer: Buffer, start: number): Body | null {
  const chunks: Uint8Array[] = [];
  for (let at = start; ; ) {
    const lineEnd = buffer.indexOf(LINE_END, at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(buffer.toString('latin1', at, lineEnd), 16);
    const chunkStart = lineEnd + LINE_END.length;
    at = chunkStart + size + LINE_END.length;
    if (buffer.length < at) return null;
    if (size === 0) return { bytes: Buffer.concat(chunks), end: at };
    chunks.push(buffer.subarray(chunkStart, chunkStart + size));
  }
}
