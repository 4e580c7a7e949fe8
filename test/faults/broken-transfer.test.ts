import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { Answer, ReadCall } from '../../packages/server/src/gateway/call.ts';
import { Leaving } from '../../packages/server/src/gateway/leaving.ts';
import { replyWith } from '../../packages/server/src/gateway/steps/reply-with.ts';
import { Fields } from '../../packages/server/src/lib/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A provider that breaks off right behind a piece: the piece still goes out, and the transfer is broken. */

const pieces = ['Hel', 'lo'];
let head: Record<string, string>;
let server: Bun.Server<undefined>;
beforeAll(() => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    async fetch(request) {
      await request.bytes();
      const left = pieces.map((text) => new TextEncoder().encode(text));
      const body = {
        whole: null,
        next: async () => left.shift() ?? ('truncated' as const),
        leave: () => undefined,
        failure: null,
      };
      const answer = { status: 200, statusText: '', headers: new Fields(head), trail: { error: null }, pieces: body };
      return replyWith({ request, client: new Leaving() } as ReadCall, answer as unknown as Answer, {
        clock: new FakeClock(),
        idleTimeoutMs: 1000,
        tap: null,
        sign: () => undefined,
        finish: async () => undefined,
        finishFirst: () => false,
      });
    },
  });
});
afterAll(() => server.stop(true));

test.each([
  ['a stream', { 'content-type': 'text/event-stream' }],
  ['an answer that is passed on whole', { 'content-length': '100' }],
])('%s', async (_name, headers: Record<string, string>) => {
  head = headers;
  // A bare socket: `fetch` forgets what it has received when the connection breaks right behind it.
  const { text, end } = await wire();
  // Both pieces, in one chunk or in two, and not the last chunk, of no bytes.
  expect(text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/\d\r\n|\r\n/g, '')).toBe(pieces.join(''));
  expect(text).not.toContain('\r\n0\r\n');
  expect(end).toBe('reset');
});

function wire(): Promise<{ text: string; end: 'fin' | 'reset' }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(server.port), '127.0.0.1', () =>
      socket.write('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}'),
    );
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => resolve({ text, end: 'fin' }));
    socket.on('error', () => resolve({ text, end: 'reset' }));
    socket.on('close', () => resolve({ text, end: 'reset' }));
  });
}
