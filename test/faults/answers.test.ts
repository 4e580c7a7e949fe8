import { afterEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { chunk, delta, driven, SSE_HEAD } from '../support/scripted.ts';
import { RUN_TOKEN, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** What happens to an answer on its way: bytes, headers, failures, and the row that tells of it. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

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
