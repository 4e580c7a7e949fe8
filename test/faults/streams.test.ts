import { afterEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { FakeClock } from '../support/fake-clock.ts';
import { chunk, delta, driven, SSE_HEAD, usageEvent } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** Streams: bytes as they come, back-pressure, and ends of every kind. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
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

  const SHORT_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"model":';

  test('a short answer that falls silent is given up after the idle limit', async () => {
    const clock = new FakeClock();
    const { promise: armed, resolve: arm } = Promise.withResolvers<void>();
    const after = clock.after.bind(clock);
    clock.after = (delayMs, task) => {
      if (delayMs === 5000) arm();
      return after(delayMs, task);
    };
    const { handler, connection } = driven();
    await begin({ upstream: handler, clock, settings: { idleTimeoutMs: 5000 } });
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' }).then((response) => response.text());
    const provider = await connection;
    await provider.write(SHORT_HEAD);
    await armed;
    clock.advance(5000);
    await expect(asking).rejects.toThrow();
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'truncated', error: { code: 'timeout' } });
  });

  test('a client that leaves within a short answer ends the provider’s request', async () => {
    const { handler, connection } = driven();
    await begin({ upstream: handler });
    const leaving = new AbortController();
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}', signal: leaving.signal });
    const provider = await connection;
    await provider.write(SHORT_HEAD);
    leaving.abort();
    expect(asking).rejects.toThrow();
    await provider.closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'cancelled' });
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

/** Lets the event loop turn `count` times. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
