import { afterEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawConnection, RawHandler } from '../support/raw-http.ts';
import { RUN_TOKEN, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** What happens to an answer on its way: bytes, headers, ends of every kind, and the row that tells of it. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const delta = (content: string) =>
  `data: {"id":"c","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
const usageEvent =
  'data: {"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n';

/** A provider that the test drives: each connection waits in turn. */
function driven(): { handler: RawHandler; connection: Promise<RawConnection> } {
  const { promise, resolve } = Promise.withResolvers<RawConnection>();
  return {
    connection: promise,
    handler: async (_request, connection) => {
      resolve(connection);
      await connection.closed;
    },
  };
}

describe('a plain answer', () => {
  test('status, body bytes and headers are the provider’s; repeated cookies stay repeated, the length stays', async () => {
    const body = '{"model":"m-1","usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12},"choices":[]}';
    await begin({
      upstream: (_request, connection) =>
        connection.write(
          `HTTP/1.1 201 Made\r\ncontent-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-request-id: r\r\nconnection: keep-alive\r\ndate: Mon, 01 Jan 2001 00:00:00 GMT\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        ),
    });
    const response = await fetch(`${walk.base}/openai/chat/completions?x=%20a+b&key=secret`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer sk-theirs',
        'cf-aig-event-id': 'event-7',
        'cf-aig-metadata': '{"a":1}',
      },
      body: '{"model":"asked"}',
    });
    expect(await response.text()).toBe(body);
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(response.headers.get('date')).toBe('Mon, 01 Jan 2001 00:00:00 GMT');
    expect(response.headers.get('x-request-id')).toBe('r');
    const { record, bodies } = await walk.nextRow();
    expect(response.headers.get('cf-aig-log-id')).toBe(record.id);
    expect(response.headers.get('cf-aig-request-id')).toBe(record.id);
    expect(response.headers.get('cf-aig-event-id')).toBe('event-7');
    expect(response.headers.get('cf-aig-step')).toBe('0');
    expect(record).toMatchObject({
      outcome: 'success',
      statusCode: 201,
      provider: 'openai',
      model: 'm-1',
      modelAsked: 'asked',
      tokensIn: 7,
      tokensOut: 5,
      eventId: 'event-7',
      metadata: { a: 1 },
      path: 'chat/completions?x=%20a+b&key=[masked]',
      requestSize: 17,
      responseSize: body.length,
      streamed: false,
    });
    expect(Buffer.from(bodies?.request ?? []).toString()).toBe('{"model":"asked"}');
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(body);
    expect(walk.requests[0]?.url).toBe('/chat/completions?x=%20a+b&key=secret');
  });

  test('the provider sees the client’s headers and nothing of ours', async () => {
    await begin({});
    await fetch(`${walk.base}/openai/x?key=${RUN_TOKEN}`, {
      method: 'POST',
      headers: {
        'cf-aig-authorization': `Bearer ${RUN_TOKEN}`,
        authorization: `Bearer ${RUN_TOKEN}`,
        'x-api-key': 'sk-theirs',
        'cf-aig-metadata': '{}',
        accept: 'a/b',
        'accept-encoding': 'gzip',
        'content-type': 'application/json',
        'user-agent': 'test/1',
      },
      body: 'abc',
    });
    await walk.nextRow();
    const [request] = walk.requests;
    const names = (request?.headers ?? []).map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort();
    expect(names).toEqual([
      'accept-encoding: gzip',
      'accept: a/b',
      'connection: keep-alive',
      'content-length: 3',
      'content-type: application/json',
      `host: ${walk.upstream.url.slice('http://'.length)}`,
      'user-agent: test/1',
      'x-api-key: sk-theirs',
    ]);
    expect(request?.url).toBe('/x');
    expect(Buffer.from(request?.body ?? []).toString()).toBe('abc');
  });

  test.each(['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'POST', 'OPTIONS'])(
    '%s goes through without a body',
    async (method) => {
      await begin({
        upstream: (_request, connection) => connection.write('HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n'),
      });
      const response = await fetch(`${walk.base}/openai/x`, { method });
      expect([response.status, response.headers.get('x-a'), walk.requests[0]?.method]).toEqual([204, '1', method]);
      expect((await walk.nextRow()).record).toMatchObject({ method, outcome: 'success', responseSize: 0 });
    },
  );

  test('HEAD keeps the length of the body that is not sent', async () => {
    await begin({
      upstream: (_request, connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n'),
    });
    const response = await fetch(`${walk.base}/openai/x`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('500');
    await walk.nextRow();
  });

  test('Expect: 100-continue is answered before the body comes, and the body arrives', async () => {
    await begin({});
    const { port, pathname } = new URL(`${walk.base}/openai/x`);
    const client = connect(Number(port), '127.0.0.1');
    let received = '';
    client.on('data', (bytes) => {
      const asked = received === '';
      received += bytes.toString();
      if (asked && received.startsWith('HTTP/1.1 100')) client.write('hello');
    });
    client.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`);
    const { record, bodies } = await walk.nextRow();
    expect([record.statusCode, record.requestContentType]).toEqual([200, null]);
    expect(Buffer.from(bodies?.request ?? []).toString()).toBe('hello');
    expect(Buffer.from(walk.requests[0]?.body ?? []).toString()).toBe('hello');
    client.destroy();
  });

  test('an answer without a content type gets none', async () => {
    await begin({
      upstream: (_request, connection) => connection.write('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}'),
    });
    const response = await fetch(`${walk.base}/openai/x`);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([404, null, '{}']);
    expect((await walk.nextRow()).record).toMatchObject({
      outcome: 'error',
      statusCode: 404,
      responseContentType: null,
    });
  });

  test('a redirect is handed on, not followed', async () => {
    await begin({
      upstream: (_request, connection) =>
        connection.write('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'),
    });
    const response = await fetch(`${walk.base}/openai/x`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/']);
    await walk.nextRow();
  });

  test('binary request and answer bytes stay as they are', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
    await begin({
      upstream: async (request, connection) => {
        await connection.write(
          `HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: ${request.body.length}\r\n\r\n`,
        );
        await connection.write(request.body);
      },
    });
    const response = await fetch(`${walk.base}/openai/audio/speech`, { method: 'POST', body: bytes });
    expect(Buffer.from(await response.bytes()).equals(bytes)).toBe(true);
    expect(Buffer.from((await walk.nextRow()).bodies?.response ?? []).equals(bytes)).toBe(true);
  });
});

describe('a compressed answer passes as sent, is read, and is stored readable', () => {
  const body = '{"model":"m-1","usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12},"choices":[]}';
  test.each([
    ['gzip', gzipSync(body)],
    ['br', brotliCompressSync(body)],
    ['deflate', deflateSync(body)],
    ['zstd', zstdCompressSync(body)],
  ] as const)('%s', async (encoding, coded) => {
    await begin({
      upstream: async (_request, connection) => {
        await connection.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${coded.length}\r\n\r\n`,
        );
        await connection.write(coded);
      },
    });
    const response = await fetch(`${walk.base}/openai/chat/completions`, { decompress: false } as RequestInit);
    expect(response.headers.get('content-encoding')).toBe(encoding);
    expect(Buffer.from(await response.bytes()).equals(coded)).toBe(true);
    const { record, bodies } = await walk.nextRow();
    expect(record).toMatchObject({ tokensIn: 7, tokensOut: 5, responseSize: coded.length });
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(body);
  });

  test('garbage that claims to be gzip passes, too, and the row stands', async () => {
    await begin({
      upstream: (_request, connection) =>
        connection.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd'),
    });
    const response = await fetch(`${walk.base}/openai/x`, { decompress: false } as RequestInit);
    expect(await response.text()).toBe('abcd');
    expect((await walk.nextRow()).record.outcome).toBe('success');
  });
});

describe('a stream', () => {
  test('is handed on piece by piece, as it comes', async () => {
    const { handler, connection } = driven();
    await begin({ upstream: handler });
    const asking = fetch(`${walk.base}/openai/chat/completions`, {
      method: 'POST',
      body: '{"model":"asked","stream":true}',
    });
    const provider = await connection;
    // The head goes out with the first piece.
    await provider.write(SSE_HEAD + chunk(delta('Hel')));
    const response = await asking;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const received: string[] = [];
    for (const piece of [delta('Hel'), delta('lo'), usageEvent, 'data: [DONE]\n\n']) {
      if (received.length > 0) await provider.write(chunk(piece));
      const { value } = await reader.read();
      received.push(Buffer.from(value ?? []).toString());
    }
    expect(received).toEqual([delta('Hel'), delta('lo'), usageEvent, 'data: [DONE]\n\n']);
    await provider.write('0\r\n\r\n');
    expect((await reader.read()).done).toBe(true);
    const { record, bodies } = await walk.nextRow();
    expect(record).toMatchObject({ outcome: 'success', streamed: true, tokensIn: 3, tokensOut: 2, model: 'm-1' });
    expect(bodies?.responseText).toBe('Hello');
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(received.join(''));
  });

  test('cut by the provider is broken for the client, too, and logged as truncated with what came', async () => {
    for (const cut of ['end', 'reset'] as const) {
      const { handler, connection } = driven();
      await begin({ upstream: handler });
      const asking = fetch(`${walk.base}/openai/chat/completions`, { method: 'POST', body: '{"stream":true}' });
      const provider = await connection;
      await provider.write(SSE_HEAD + chunk(delta('Hel')));
      const response = await asking;
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(delta('Hel'));
      provider[cut]();
      expect(reader.read()).rejects.toThrow();
      const { record, bodies } = await walk.nextRow();
      expect(record).toMatchObject({ outcome: 'truncated', statusCode: 200, error: { code: 'truncated' } });
      expect(bodies?.responseText).toBe('Hel');
      if (cut === 'end') await walk.stop();
    }
  });

  test('an answer shorter than its length is broken, too, although nothing had gone out', async () => {
    await begin({
      upstream: async (_request, connection) => {
        await connection.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"model":',
        );
        connection.end();
      },
    });
    expect(fetch(`${walk.base}/openai/x`).then((response) => response.text())).rejects.toThrow();
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'truncated', error: { code: 'truncated' } });
  });

  test('whose client leaves ends the provider’s request, and is logged as cancelled', async () => {
    const { handler, connection } = driven();
    await begin({ upstream: handler });
    const leaving = new AbortController();
    const asking = fetch(`${walk.base}/openai/chat/completions`, {
      method: 'POST',
      body: '{"stream":true}',
      signal: leaving.signal,
    });
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(delta('Hel')));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    leaving.abort();
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'cancelled', statusCode: 200 });
  });

  test('a client that leaves before the answer begins ends the provider’s request, too', async () => {
    const { handler, connection } = driven();
    await begin({ upstream: handler });
    const leaving = new AbortController();
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}', signal: leaving.signal });
    const provider = await connection;
    leaving.abort();
    expect(asking).rejects.toThrow();
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'cancelled', statusCode: 499 });
  });

  test('that falls silent is given up after the idle limit', async () => {
    const clock = new FakeClock();
    const { handler, connection } = driven();
    await begin({ upstream: handler, clock, settings: { idleTimeoutMs: 5000 } });
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{"stream":true}' });
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(delta('Hel')));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    clock.advance(5000);
    expect(reader.read()).rejects.toThrow();
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'truncated', error: { code: 'timeout' } });
  });

  test('whose client leaves on the end mark has come to its end', async () => {
    const { handler, connection } = driven();
    await begin({ upstream: handler });
    const leaving = new AbortController();
    const asking = fetch(`${walk.base}/openai/chat/completions`, {
      method: 'POST',
      body: '{"stream":true}',
      signal: leaving.signal,
    });
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(`${delta('Hel')}${usageEvent}data: [DONE]\n\n`));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    leaving.abort();
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'success', tokensOut: 2 });
  });

  test('a client that takes its time is not the provider’s silence; one that never reads again is given up', async () => {
    const clock = new FakeClock();
    const { handler, connection } = driven();
    await begin({ upstream: handler, clock, settings: { idleTimeoutMs: 5000 } });
    const { port, pathname } = new URL(`${walk.base}/openai/x`);
    const client = connect(Number(port), '127.0.0.1', () =>
      client.write(`GET ${pathname} HTTP/1.1\r\nhost: x\r\n\r\n`),
    );
    client.pause();
    const provider = await connection;
    await provider.write(SSE_HEAD);
    const flood = async () => {
      for (let i = 0; i < 4000; i++) await Promise.race([provider.write(chunk('x'.repeat(65_536))), provider.closed]);
    };
    const flooding = flood();
    await turns(20_000);
    clock.advance(5000);
    expect((await walk.nextRow()).record).toMatchObject({
      outcome: 'cancelled',
      error: { code: 'timeout', message: expect.stringContaining('taken by the client') },
    });
    await provider.closed;
    await flooding;
    client.destroy();
  });

  test('a client that does not read holds the provider back', async () => {
    let sent = 0;
    const piece = chunk('x'.repeat(65_536));
    const { promise: stuck, resolve } = Promise.withResolvers<void>();
    await begin({
      upstream: async (_request, connection) => {
        await connection.write(SSE_HEAD);
        // A write that is not taken while the loop turns ten thousand times means that nobody takes bytes any more.
        for (let i = 0; i < 4000; i++) {
          const taken = await Promise.race([connection.write(piece).then(() => true), turns(10_000).then(() => false)]);
          if (!taken) break;
          sent += piece.length;
        }
        resolve();
        await connection.closed;
      },
    });
    const { port, pathname } = new URL(`${walk.base}/openai/x`);
    const client = connect(Number(port), '127.0.0.1', () =>
      client.write(`GET ${pathname} HTTP/1.1\r\nhost: x\r\n\r\n`),
    );
    client.pause();
    await stuck;
    // Kernel buffers on both sides take some megabytes; 250 MB would mean that the gateway took them in.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    client.destroy();
    await walk.nextRow();
  });
});

describe('a provider that gives no answer', () => {
  const message = (reason: string) => `Failed to get response from provider (${reason})`;
  test('reset before the head: 502/2005 reset', async () => {
    await begin({ upstream: async (_request, connection) => connection.reset() });
    const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ success: false, internalCode: 2005, message: message('reset') });
    expect((await walk.nextRow()).record).toMatchObject({
      outcome: 'error',
      statusCode: 502,
      error: { code: 'reset' },
    });
  });

  test('nobody there: 502/2005 connect_refused', async () => {
    await begin({ settings: { baseUrls: new Map([['openai', 'http://127.0.0.1:1']]) } });
    const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' });
    expect([response.status, (await response.json()).message]).toEqual([502, message('connect_refused')]);
    expect((await walk.nextRow()).record.error?.code).toBe('connect_refused');
  });

  test('no such host: 502/2005 dns', async () => {
    await begin({ settings: { baseUrls: new Map([['openai', 'http://no-such-host.invalid']]) } });
    const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' });
    expect([response.status, (await response.json()).message]).toEqual([502, message('dns')]);
    await walk.nextRow();
  });

  test('no TLS there: 502/2005 tls', async () => {
    await begin({ upstream: async (_request, connection) => connection.end() });
    await walk.stop();
    walk = await startWalk({
      settings: { baseUrls: new Map([['openai', `https://127.0.0.1:${new URL(walk.upstream.url).port}`]]) },
    });
    const plain = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: (socket) => void socket.end('HTTP/1.1 400 Bad\r\n\r\n') },
    });
    await walk.stop();
    walk = await startWalk({ settings: { baseUrls: new Map([['openai', `https://127.0.0.1:${plain.port}`]]) } });
    const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' });
    expect([response.status, (await response.json()).message]).toEqual([502, message('tls')]);
    await walk.nextRow();
    plain.stop(true);
  });

  test('silence: 504/2005 timeout, and the provider’s request ends', async () => {
    const clock = new FakeClock();
    const { handler, connection } = driven();
    await begin({ upstream: handler, clock, settings: { firstByteTimeoutMs: 3000 } });
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' });
    const provider = await connection;
    clock.advance(3000);
    const response = await asking;
    expect([response.status, (await response.json()).message]).toEqual([504, message('timeout')]);
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({
      outcome: 'error',
      statusCode: 504,
      error: { code: 'timeout' },
    });
  });
});

describe('what is kept', () => {
  const upstream: RawHandler = (_request, connection) =>
    connection.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2000\r\n\r\n${'x'.repeat(2000)}`);

  test('cf-aig-collect-log: false leaves no row and no log id', async () => {
    await begin({});
    const response = await fetch(`${walk.base}/openai/x`, { headers: { 'cf-aig-collect-log': 'false' } });
    expect(response.headers.has('cf-aig-log-id')).toBe(false);
    await fetch(`${walk.base}/openai/second`);
    expect((await walk.nextRow()).record.path).toBe('second');
  });

  test('cf-aig-collect-log: true makes a row although the gateway keeps none', async () => {
    await begin({ policy: { collectLogs: false } });
    await fetch(`${walk.base}/openai/first`);
    await fetch(`${walk.base}/openai/second`, { headers: { 'cf-aig-collect-log': 'true' } });
    expect((await walk.nextRow()).record.path).toBe('second');
  });

  test('cf-aig-collect-log-payload: false keeps the row without bodies', async () => {
    await begin({});
    await fetch(`${walk.base}/openai/x`, {
      method: 'POST',
      body: 'abc',
      headers: { 'cf-aig-collect-log-payload': 'false' },
    });
    const { record, bodies } = await walk.nextRow();
    expect([bodies, record.payloadDropped, record.requestSize]).toEqual([null, false, 3]);
  });

  test('bodies over the size limit are dropped, and the row says so', async () => {
    await begin({ upstream, settings: { maxLogBodyBytes: 2001 } });
    await fetch(`${walk.base}/openai/x`, { method: 'POST', body: 'a' });
    expect((await walk.nextRow()).bodies?.response?.byteLength).toBe(2000);
    const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: 'ab' });
    expect((await response.text()).length).toBe(2000);
    const { record, bodies } = await walk.nextRow();
    expect([bodies, record.payloadDropped, record.responseSize]).toEqual([null, true, 2000]);
  });

  test('the memory for bodies is given back after each call', async () => {
    await begin({ upstream, settings: { captureBytes: 2500 } });
    for (let i = 0; i < 3; i++) {
      await (await fetch(`${walk.base}/openai/x`)).text();
      expect((await walk.nextRow()).record.payloadDropped).toBe(false);
    }
  });
});

test('strict: the row is there before the client sees the end', async () => {
  await begin({
    settings: { durability: 'strict' },
    upstream: (_request, connection) => connection.write(`${SSE_HEAD}${chunk(delta('Hel'))}0\r\n\r\n`),
  });
  const response = await fetch(`${walk.base}/openai/chat/completions`, { method: 'POST', body: '{"stream":true}' });
  await response.text();
  // Already written: this does not wait for anything.
  expect(await Promise.race([walk.nextRow(), Promise.resolve('not yet')])).not.toBe('not yet');
});

/** Lets the event loop turn `count` times. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
