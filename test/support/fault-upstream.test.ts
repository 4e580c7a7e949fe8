import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { type FaultUpstream, faults, type Script, startFaultUpstream } from './fault-upstream.ts';

let upstream: FaultUpstream;
beforeAll(async () => {
  upstream = await startFaultUpstream();
});
afterAll(() => upstream.stop());

interface Wire {
  text: string;
  /** How the connection ended: in good order, broken off, or not at all by the time `until` had come. */
  end: 'fin' | 'reset' | 'open';
}

/** Sends one request over a bare socket and takes what comes, up to the end of the connection or until `until` was seen. */
function wire(path: string, until?: string): Promise<Wire> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(new URL(upstream.url).port), '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: h\r\n\r\n`),
    );
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (until !== undefined && text.includes(until)) {
        resolve({ text, end: 'open' });
        socket.destroy();
      }
    });
    socket.on('end', () => resolve({ text, end: 'fin' }));
    socket.on('error', () => resolve({ text, end: 'reset' }));
    socket.on('close', () => resolve({ text, end: 'reset' }));
  });
}

const CHUNKED = 'HTTP/1.1 200 Scripted\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
const PIECES = { pieces: ['ab', 'c'] };

test.each<[string, Script, Wire]>([
  ['cut', faults.cut(PIECES), { text: `${CHUNKED}2\r\nab\r\n1\r\nc\r\n`, end: 'fin' }],
  ['reset', faults.reset(PIECES), { text: `${CHUNKED}2\r\nab\r\n1\r\nc\r\n`, end: 'reset' }],
  ['closeBeforeHeaders', faults.closeBeforeHeaders(), { text: '', end: 'fin' }],
  ['resetBeforeHeaders', faults.resetBeforeHeaders(), { text: '', end: 'reset' }],
  ['cutHeaders', faults.cutHeaders(), { text: 'HTTP/1.1 200 OK\r\ncontent-type: applica', end: 'fin' }],
  [
    'malformedStatusLine',
    faults.malformedStatusLine(),
    { text: 'HTTP/1.1 two hundred\r\ncontent-length: 2\r\n\r\n{}', end: 'fin' },
  ],
  ['notHttp', faults.notHttp(), { text: 'SSH-2.0-OpenSSH_9.6\r\n', end: 'fin' }],
  [
    'malformedHeader',
    faults.malformedHeader(),
    { text: 'HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 2\r\n\r\n{}', end: 'fin' },
  ],
  [
    'malformedChunkSize',
    faults.malformedChunkSize(),
    { text: `${CHUNKED}2\r\n{}\r\nxyz\r\n{}\r\n0\r\n\r\n`, end: 'fin' },
  ],
  [
    'contentLengthTooLong',
    faults.contentLengthTooLong('{'),
    { text: 'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{', end: 'fin' },
  ],
  [
    'contentLengthTooShort',
    faults.contentLengthTooShort('12345'),
    { text: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n12345', end: 'fin' },
  ],
  ['bytes', faults.bytes('anything', true), { text: 'anything', end: 'fin' }],
])('%s puts on the wire what it says', async (name, script, expected) => {
  upstream.on(`/${name}`, script);
  expect(await wire(`/${name}`)).toEqual(expected);
});

test('stall sends its pieces and keeps the connection open until the other side lets go', async () => {
  upstream.on('/stall', faults.stall(PIECES));
  const index = upstream.requests.length;
  const caller = new AbortController();
  const response = await fetch(`${upstream.url}/stall`, { signal: caller.signal });
  const reader = response.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toStartWith('ab');
  expect(upstream.openConnections()).toBeGreaterThan(0);
  const closed = upstream.closed(index);
  caller.abort();
  await closed;
});

test('silent takes the request and says nothing', async () => {
  upstream.on('/silent', faults.silent());
  const index = upstream.requests.length;
  const caller = new AbortController();
  const answer = fetch(`${upstream.url}/silent`, { method: 'POST', body: 'hello', signal: caller.signal });
  expect(Buffer.from((await upstream.received(index)).body).toString()).toBe('hello');
  caller.abort();
  await expect(answer).rejects.toThrow();
  await upstream.closed(index);
});

test('an answer waits for its gates, before the head and before each piece', async () => {
  const start = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  upstream.on(
    '/gated',
    faults.answer({ body: ['one ', 'two'], after: start.promise, gates: [start.promise, second.promise] }),
  );
  const answering = fetch(`${upstream.url}/gated`);
  start.resolve();
  const reader = (await answering).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('one ');
  second.resolve();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('two');
  expect((await reader?.read())?.done).toBe(true);
});

test('a redirect, interim answers, a giant header and broken gzip are sent as such', async () => {
  upstream.queue(
    faults.redirect('http://elsewhere.test/', 307),
    faults.informationalFirst([100, 103], { body: '{"done":1}' }),
    faults.giantHeader(50_000),
    faults.gzipGarbage(),
  );
  expect((await wire('/', '\r\n\r\n')).text).toMatch(/^HTTP\/1.1 307 .*\r\nlocation: http:\/\/elsewhere.test\/\r\n/s);
  expect((await wire('/', '{"done":1}')).text).toMatch(/^HTTP\/1.1 100 .*HTTP\/1.1 103 .*HTTP\/1.1 200 /s);
  expect((await wire('/', '{}')).text).toContain(`x-giant: ${'a'.repeat(50_000)}\r\n`);
  expect((await wire('/', 'no gzip stream')).text).toContain('content-encoding: gzip\r\n');
});

test('queued scripts come first and once, then those of the path, else 500', async () => {
  upstream.on('/path', faults.answer({ status: 201 }));
  upstream.queue(faults.answer({ status: 202 }));
  const statuses = [];
  for (const path of ['/path', '/path?x=1', '/other']) statuses.push((await fetch(upstream.url + path)).status);
  expect(statuses).toEqual([202, 201, 500]);
});
