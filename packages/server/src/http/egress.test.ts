import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { UpstreamFailure, type UpstreamRequest } from '../gateway/index.ts';
import { Fields } from '../lib/index.ts';
import { createEgress, type EgressOptions } from './egress.ts';

/** User-given URLs: where the connection goes, whatever the name resolves to meanwhile. */

const pem = (name: string) => readFileSync(new URL(`../../../../test/fixtures/tls/${name}`, import.meta.url), 'utf8');
const ca = pem('authority.pem');
/** Names that clients asked for in the TLS handshake, and what they sent. */
const handshakes: string[] = [];
const received: string[] = [];
const sockets = new Set<Socket>();
let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer(
    {
      key: pem('api.example.key'),
      cert: pem('api.example.pem'),
      SNICallback: (name, done) => {
        handshakes.push(name);
        done(null);
      },
    },
    (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        received.push(bytes.toString());
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(async () => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
});
beforeEach(() => {
  handshakes.length = 0;
  received.length = 0;
});

/** A way out on which the loopback address alone counts as public; `answers` are what the resolver says, one after the other. */
function egress(answers: string[][], options: Partial<EgressOptions> = {}) {
  const asked: string[] = [];
  const send = createEgress({
    local: new Map(),
    mayBePrivate: (host) => host === '127.0.0.1',
    ca,
    resolve: async (host) => {
      asked.push(host);
      return answers[asked.length - 1] ?? ['10.0.0.1'];
    },
    ...options,
  });
  const ask = async (host: string, more: Partial<UpstreamRequest> = {}) => {
    const response = await send({
      url: `https://${host}:${port}/path?q=%20a`,
      method: 'POST',
      headers: new Fields({ 'x-mine': '1' }),
      body: Buffer.from('body'),
      signal: AbortSignal.timeout(10_000),
      userGiven: true,
      ...more,
    });
    return response.text();
  };
  return { ask, asked };
}
const reasonOf = (asking: Promise<unknown>) =>
  asking.then(
    () => 'answered',
    (error: unknown) => (error instanceof UpstreamFailure ? error.reason : String(error)),
  );

describe('a user-given name', () => {
  test('is resolved once; the connection goes to the address that was checked, under the name', async () => {
    const { ask, asked } = egress([['127.0.0.1']]);
    expect(await ask('api.example')).toBe('{}');
    expect([asked, handshakes]).toEqual([['api.example'], ['api.example']]);
    expect(received.join('')).toStartWith('POST /path?q=%20a HTTP/1.1\r\n');
    expect(received.join('').toLowerCase()).toContain(`\r\nhost: api.example:${port}\r\n`);
    expect(received.join('')).toEndWith('body');
  });

  test('that resolves to a private address later is refused then, although a connection is open', async () => {
    const { ask, asked } = egress([['127.0.0.1'], ['10.0.0.1']]);
    expect(await ask('api.example')).toBe('{}');
    expect(await reasonOf(ask('api.example'))).toBe('blocked');
    expect(asked.length).toBe(2);
    expect(received.length).toBe(1);
  });

  test('must be in the certificate; a connection that was opened for another name is not used', async () => {
    const { ask } = egress([['127.0.0.1'], ['127.0.0.1']]);
    expect(await ask('api.example')).toBe('{}');
    expect(await reasonOf(ask('other.example'))).toBe('tls');
    expect(handshakes.at(-1)).toBe('other.example');
    expect(received.length).toBe(1);
  });

  test('must be certified by somebody who is trusted', async () => {
    const { ask } = egress([['127.0.0.1']], { ca: undefined as never });
    expect(await reasonOf(ask('api.example'))).toBe('tls');
  });

  test('with one private address among others is refused', async () => {
    const { ask } = egress([['127.0.0.1', '192.168.0.1']]);
    expect(await reasonOf(ask('api.example'))).toBe('blocked');
    expect(handshakes).toEqual([]);
  });

  test('whose first address does not answer is called at the next one', async () => {
    const { ask } = egress([['127.0.0.2', '127.0.0.1']], { mayBePrivate: (host) => host.startsWith('127.0.0.') });
    expect(await ask('api.example')).toBe('{}');
  });

  test('without an address, or that cannot be resolved: dns', async () => {
    expect(await reasonOf(egress([[]]).ask('api.example'))).toBe('dns');
    const failing = egress([], { resolve: () => Promise.reject(new Error('no such name')) });
    expect(await reasonOf(failing.ask('api.example'))).toBe('dns');
  });

  test('ends with its caller', async () => {
    const { ask } = egress([['127.0.0.1']]);
    const signal = AbortSignal.abort(new Error('the client left'));
    expect(await reasonOf(ask('api.example', { signal }))).toBe('Error: the client left');
  });
});

test('a host that the operator allowed, and one of the operator’s own choice, is not looked up', async () => {
  const { ask, asked } = egress([]);
  expect(await reasonOf(ask('127.0.0.1'))).toBe('tls');
  expect(await reasonOf(ask('localhost', { userGiven: false }))).toBe('tls');
  expect(asked).toEqual([]);
});
