import { type RawConnection, type RawRequest, serveRaw } from './raw-http.ts';

/** What the upstream does with one request. It returns when it has done its part; the connection may stay open. */
export type Script = (connection: RawConnection, request: RawRequest) => Promise<void>;

export interface FaultUpstream {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** What came in, oldest first. */
  requests: RawRequest[];
  /** Scripts for the next requests, one each, in order. Comes before `on`. */
  queue(...scripts: Script[]): void;
  /** Script for every request to this path (without query). */
  on(path: string, script: Script): void;
  /** Resolves with request number `index` (from 0) once all of it has come in. */
  received(index?: number): Promise<RawRequest>;
  /** Resolves when the connection of request number `index` (from 0) is closed, e.g. because the gateway let go of it. */
  closed(index?: number): Promise<void>;
  openConnections(): number;
  /** Connections accepted since the start. */
  acceptedConnections(): number;
  stop(): Promise<void>;
}

/** A provider that misbehaves as told. Nothing in it waits for time: scripts wait for promises that the test resolves. */
export async function startFaultUpstream(): Promise<FaultUpstream> {
  const requests: RawRequest[] = [];
  const connections: RawConnection[] = [];
  const queued: Script[] = [];
  const byPath = new Map<string, Script>();
  let announce = Promise.withResolvers<void>();

  const server = await serveRaw(async (request, connection) => {
    requests.push(request);
    connections.push(connection);
    announce.resolve();
    announce = Promise.withResolvers();
    const path = request.url.split('?', 1)[0] ?? '';
    await (queued.shift() ?? byPath.get(path) ?? faults.answer({ status: 500, body: 'no script' }))(
      connection,
      request,
    );
  });

  /** The element of a list that grows with the requests. */
  async function awaitAt<T>(list: readonly T[], index: number): Promise<T> {
    for (;;) {
      const found = list[index];
      if (found !== undefined) return found;
      await announce.promise;
    }
  }

  return {
    url: server.url,
    requests,
    queue: (...scripts) => void queued.push(...scripts),
    on: (path, script) => void byPath.set(path, script),
    received: (index = 0) => awaitAt(requests, index),
    closed: async (index = 0) => (await awaitAt(connections, index)).closed,
    openConnections: server.openConnections,
    acceptedConnections: server.acceptedConnections,
    stop: server.stop,
  };
}

export interface AnswerScript {
  status?: number;
  headers?: Record<string, string>;
  /** Pieces go out as one chunk each; a string or bytes go out whole, with a length. */
  body?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Nothing is sent before this resolves. */
  after?: Promise<unknown>;
  /** With pieces: piece `i` waits for `gates[i]`. */
  gates?: readonly Promise<unknown>[];
}

/** How a chunked answer that has begun comes to no proper end. */
export interface BrokenScript extends Omit<AnswerScript, 'body'> {
  pieces: readonly (string | Uint8Array)[];
}

export const faults = {
  /** A well-formed answer. */
  answer: (script: AnswerScript): Script => {
    return async (connection) => {
      await script.after;
      if (!isPieces(script.body)) return connection.write(wholeAnswer(script));
      await begin(connection, script, script.body);
      await connection.write('0\r\n\r\n');
    };
  },
  /** Sends the pieces, then closes without the terminating chunk. */
  cut: (script: BrokenScript): Script => broken(script, (connection) => connection.end()),
  /** Sends the pieces, then resets the connection. */
  reset: (script: BrokenScript): Script => broken(script, (connection) => connection.reset()),
  /** Sends the pieces, then nothing more, and keeps the connection open. */
  stall: (script: BrokenScript): Script => broken(script, () => {}),
  /** Reads the request and never answers. */
  silent: (): Script => async () => {},
  /** Closes in good order before a byte of an answer. */
  closeBeforeHeaders: (): Script => async (connection) => connection.end(),
  /** Resets before a byte of an answer. */
  resetBeforeHeaders: (): Script => async (connection) => connection.reset(),
  /** Closes in the middle of the headers. */
  cutHeaders: (): Script => bytes('HTTP/1.1 200 OK\r\ncontent-type: applica', true),
  malformedStatusLine: (): Script => bytes('HTTP/1.1 two hundred\r\ncontent-length: 2\r\n\r\n{}', true),
  notHttp: (): Script => bytes('SSH-2.0-OpenSSH_9.6\r\n', true),
  malformedHeader: (): Script => bytes('HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 2\r\n\r\n{}', true),
  malformedChunkSize: (): Script => bytes(`${chunkedHead({})}2\r\n{}\r\nxyz\r\n{}\r\n0\r\n\r\n`, true),
  /** States more bytes than it sends, then closes. */
  contentLengthTooLong: (body = '{"half":'): Script => {
    return bytes(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length + 10}\r\n\r\n${body}`, true);
  },
  /** States fewer bytes than it sends, then closes. */
  contentLengthTooShort: (body = '{"whole":1}'): Script => {
    return bytes(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length - 4}\r\n\r\n${body}`, true);
  },
  redirect: (location: string, status = 302): Script => faults.answer({ status, headers: { location }, body: '' }),
  /** Interim answers (1xx), then a proper one. */
  informationalFirst: (statuses: readonly number[], script: AnswerScript): Script => {
    return async (connection) => {
      for (const status of statuses) await connection.write(`HTTP/1.1 ${status} Interim\r\nx-interim: 1\r\n\r\n`);
      await connection.write(wholeAnswer(script));
    };
  },
  /** Says gzip and sends something else. */
  gzipGarbage: (): Script => faults.answer({ headers: { 'content-encoding': 'gzip' }, body: 'this is no gzip stream' }),
  /** One header value of this many bytes. */
  giantHeader: (size: number): Script => faults.answer({ headers: { 'x-giant': 'a'.repeat(size) }, body: '{}' }),
  /** Exactly these bytes; with `close` the connection is closed after them. */
  bytes,
};

function bytes(sent: string | Uint8Array, close = false): Script {
  return async (connection) => {
    await connection.write(sent);
    if (close) connection.end();
  };
}

function broken(script: BrokenScript, finish: (connection: RawConnection) => void): Script {
  return async (connection) => {
    await script.after;
    await begin(connection, script, script.pieces);
    finish(connection);
  };
}

async function begin(
  connection: RawConnection,
  script: AnswerScript,
  pieces: readonly (string | Uint8Array)[],
): Promise<void> {
  await connection.write(chunkedHead(script));
  for (const [i, piece] of pieces.entries()) {
    await script.gates?.[i];
    const data = Buffer.from(piece);
    await connection.write(Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]));
  }
}

function wholeAnswer(script: AnswerScript): Uint8Array {
  const body = Buffer.from((script.body ?? '') as string);
  return Buffer.concat([Buffer.from(head(script, `content-length: ${body.length}`)), body]);
}

function chunkedHead(script: AnswerScript): string {
  return head(script, 'transfer-encoding: chunked');
}

function head({ status = 200, headers = {} }: AnswerScript, framing: string): string {
  const named = { 'content-type': 'application/json', ...headers };
  const lines = Object.entries(named).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join('')}${framing}\r\n\r\n`;
}

function isPieces(body: AnswerScript['body']): body is readonly (string | Uint8Array)[] {
  return Array.isArray(body);
}
