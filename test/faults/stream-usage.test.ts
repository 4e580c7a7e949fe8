import { afterEach, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { headerOf, type RawHandler } from '../support/raw-http.ts';
import { answer, chunk, driven, SSE_HEAD } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** `stream_usage: inject`: streams are asked for their usage; the client sees what it would have seen without. */

let walk: Walk;
const begin = async (upstream: RawHandler, options: WalkOptions = {}) => {
  walk = await startWalk({ ...options, upstream, policy: { asksUsage: true, ...options.policy } });
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const delta = (content: string, usage: string) =>
  `data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"${content}"}}]${usage}}\n\n`;
const USAGE =
  'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n';
const DONE = 'data: [DONE]\n\n';
/** What a provider sends to those who ask, and to those who do not. */
const ASKED = `: hi\n\n${delta('Hel', ',"usage":null')}${delta('lo', ',"usage":null')}${USAGE}${DONE}`;
const UNASKED = `: hi\n\n${delta('Hel', '')}${delta('lo', '')}${DONE}`;

const asks = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString()).stream_options?.include_usage === true;
/** A provider that knows the option, and writes its events as told. */
const knowing =
  (write: (events: string) => string | Uint8Array = (events) => SSE_HEAD + chunk(events) + chunk('')): RawHandler =>
  (request, connection) =>
    connection.write(write(asks(request.body) ? ASKED : UNASKED));

const BODY = '{"model":"gpt-4o","stream":true,"seed":1.0,"messages":[]}';
const INJECTED = `${BODY.slice(0, -1)},"stream_options":{"include_usage":true}}`;
const ask = (body = BODY, path = 'openai/chat/completions', init: RequestInit = {}) =>
  fetch(`${walk.base}/${path}`, { method: 'POST', body, ...init });
const sent = (index = 0) => Buffer.from(walk.requests[index]?.body ?? []).toString();
const USED = { outcome: 'success', tokensIn: 3, tokensOut: 2, model: 'gpt-4o', costPico: 27_500_000n };

describe('a stream whose usage the client did not ask for', () => {
  test('is asked for it; the client sees nothing of that, the row has it and its cost', async () => {
    await begin(knowing());
    const response = await ask(BODY, 'openai/chat/completions', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(await response.text()).toBe(UNASKED);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(sent()).toBe(INJECTED);
    const [request] = walk.requests;
    expect(request && headerOf(request, 'accept-encoding')).toBe('identity');
    const { record, bodies } = await walk.nextRow();
    expect(record).toMatchObject({ ...USED, requestSize: BODY.length, responseSize: UNASKED.length });
    // Kept as the client sent and saw them.
    expect(Buffer.from(bodies?.request ?? []).toString()).toBe(BODY);
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(UNASKED);
    expect(bodies?.responseText).toBe('Hello');
  });

  test('comes unchanged a byte at a time, and with CRLF', async () => {
    const crlf = (events: string) => events.replaceAll('\n', '\r\n');
    await begin(async (request, connection) => {
      await connection.write(SSE_HEAD);
      for (const byte of crlf(asks(request.body) ? ASKED : UNASKED)) await connection.write(chunk(byte));
      await connection.write(chunk(''));
    });
    expect(await (await ask()).text()).toBe(crlf(UNASKED));
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });

  test('with a stated length does not keep that of the provider’s answer', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
    await begin(knowing((events) => `${head}content-length: ${events.length}\r\n\r\n${events}`));
    expect(await (await ask()).text()).toBe(UNASKED);
    expect((await walk.nextRow()).record).toMatchObject({ ...USED, responseSize: UNASKED.length });
  });

  test('of completions is asked, too', async () => {
    const last = USAGE.replace('chat.completion.chunk', 'text_completion');
    const text = (usage: string) =>
      `data: {"id":"c","object":"text_completion","model":"gpt-4o","choices":[{"index":0,"text":"Hi"}]${usage}}\n\n`;
    await begin((request, connection) =>
      connection.write(
        SSE_HEAD + chunk(asks(request.body) ? text(',"usage":null') + last + DONE : text('') + DONE) + chunk(''),
      ),
    );
    expect(await (await ask(BODY, 'openai/completions')).text()).toBe(text('') + DONE);
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });

  test('of a universal step is asked; the row keeps the step as it was written', async () => {
    await begin(knowing());
    const query = JSON.parse(BODY);
    const steps = JSON.stringify([{ provider: 'openai', endpoint: 'chat/completions', headers: {}, query }]);
    expect(await (await fetch(walk.base, { method: 'POST', body: steps })).text()).toBe(UNASKED);
    const { record, bodies } = await walk.nextRow();
    expect(record).toMatchObject(USED);
    expect(asks(walk.requests[0]?.body ?? new Uint8Array())).toBe(true);
    expect(asks(bodies?.request ?? new Uint8Array())).toBe(false);
  });

  test('is asked again with each retry', async () => {
    let tries = 0;
    await begin(
      (request, connection) => (tries++ === 0 ? connection.write(answer(500)) : knowing()(request, connection)),
      { policy: { retry: { retries: 1, delayMs: 0, backoff: 'constant' } } },
    );
    expect(await (await ask()).text()).toBe(UNASKED);
    expect([sent(0), sent(1)]).toEqual([INJECTED, INJECTED]);
    expect((await walk.nextRow()).record.statusCode).toBe(500);
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });

  test('is cached and shared as the client sees it, under the key that it has without; every row has the usage', async () => {
    const { promise: release, resolve } = Promise.withResolvers<void>();
    await begin(
      async (request, connection) => {
        await connection.write(SSE_HEAD + chunk(delta('Hel', ',"usage":null')));
        await release;
        const rest = asks(request.body) ? ASKED : UNASKED;
        await connection.write(chunk(rest.slice(rest.indexOf('\n\n', 6) + 2)) + chunk(''));
      },
      { policy: { cacheTtlS: 3600 } },
    );
    const expected = UNASKED.slice(': hi\n\n'.length);
    const [leading, joining] = await Promise.all([ask(), ask()]);
    resolve();
    expect([await leading?.text(), await joining?.text()]).toEqual([expected, expected]);
    const hit = await ask();
    expect([hit.headers.get('cf-aig-cache-status'), await hit.text()]).toEqual(['HIT', expected]);
    expect([...hit.headers.keys()].filter((name) => name.includes('usage'))).toEqual([]);
    expect(walk.requests.length).toBe(1);
    const rows = [await walk.nextRow(), await walk.nextRow(), await walk.nextRow()];
    expect(rows.map(({ record }) => `${record.tokensIn} ${record.tokensOut} ${record.cached}`).sort()).toEqual([
      '3 2 false',
      '3 2 true',
      '3 2 true',
    ]);
  });

  test('goes out before its end: an event as soon as its blank line is there', async () => {
    const { promise: release, resolve } = Promise.withResolvers<void>();
    await begin(async (_request, connection) => {
      await connection.write(SSE_HEAD + chunk(delta('Hel', ',"usage":null')));
      await release;
      await connection.write(chunk(USAGE + DONE) + chunk(''));
    });
    const reader = ((await ask()).body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(delta('Hel', ''));
    resolve();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(DONE);
    expect((await reader.read()).done).toBe(true);
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });

  test('cut by the provider is broken for the client, after all that came', async () => {
    const { handler, connection } = driven();
    await begin(handler);
    const asking = ask();
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(`${delta('Hel', ',"usage":null')}data: {"id`));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(delta('Hel', ''));
    provider.end();
    const rest = async () => {
      for (;;) await reader.read();
    };
    await expect(rest()).rejects.toThrow();
    const { record, bodies } = await walk.nextRow();
    expect(record).toMatchObject({ outcome: 'truncated', error: { code: 'truncated' } });
    // What was held back for its event went out before the break.
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(`${delta('Hel', '')}data: {"id`);
  });

  test('cut within an event after its usage: the row has the usage', async () => {
    const { handler, connection } = driven();
    await begin(handler);
    const asking = ask();
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(`${delta('Hello', ',"usage":null')}${USAGE}data: {"id`));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    provider.end();
    const rest = async () => {
      for (;;) await reader.read();
    };
    await expect(rest()).rejects.toThrow();
    expect((await walk.nextRow()).record).toMatchObject({ ...USED, outcome: 'truncated', usageSource: 'provider' });
  });

  test('whose client leaves ends the provider’s request', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    await begin(async (_request, connection) => {
      void connection.closed.then(resolve);
      await connection.write(SSE_HEAD + chunk(delta('Hel', ',"usage":null')));
    });
    const leaving = new AbortController();
    const response = await ask(BODY, 'openai/chat/completions', { signal: leaving.signal });
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    leaving.abort();
    await closed;
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'cancelled', statusCode: 200 });
  });
});

describe('nothing is changed', () => {
  const cases: [rule: string, body: string, path: string, options: WalkOptions][] = [
    ['without the setting', BODY, 'openai/chat/completions', { policy: { asksUsage: false } }],
    ['for a provider that tells usage unasked', BODY, 'groq/chat/completions', {}],
    ['at an endpoint of another format', BODY, 'openai/responses', {}],
    ['for an answer in one piece', BODY.replace('true', 'false'), 'openai/chat/completions', {}],
    ['for options that are none', BODY.replace('"seed":1.0', '"stream_options":[]'), 'openai/chat/completions', {}],
  ];
  test.each(cases)('%s', async (_rule, body, path, options) => {
    await begin(
      knowing(() => SSE_HEAD + chunk(ASKED) + chunk('')),
      options,
    );
    expect(await (await ask(body, path)).text()).toBe(ASKED);
    expect(sent()).toBe(body);
    await walk.nextRow();
  });

  test('where the client asked itself: it keeps its usage', async () => {
    await begin(knowing());
    expect(await (await ask(INJECTED)).text()).toBe(ASKED);
    expect(sent()).toBe(INJECTED);
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });

  test('where the provider ignores the option', async () => {
    await begin(knowing(() => SSE_HEAD + chunk(UNASKED) + chunk('')));
    expect(await (await ask()).text()).toBe(UNASKED);
    await walk.nextRow();
  });

  test('where the provider codes the content against what it was asked', async () => {
    const head =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n';
    await begin(async (_request, connection) => {
      await connection.write(Buffer.concat([Buffer.from(head), gzipSync(ASKED)]));
      connection.end();
    });
    expect(await (await ask()).text()).toBe(ASKED);
    expect((await walk.nextRow()).record).toMatchObject(USED);
  });
});

describe('a provider that refuses the option', () => {
  test.each([400, 422])('with %i is asked as the client wrote it, and from then on at once', async (status) => {
    await begin((request, connection) =>
      connection.write(
        asks(request.body)
          ? answer(status, '{"error":{"message":"stream_options?"}}')
          : SSE_HEAD + chunk(UNASKED) + chunk(''),
      ),
    );
    for (let i = 0; i < 2; i += 1) {
      expect(await (await ask()).text()).toBe(UNASKED);
      expect((await walk.nextRow()).record).toMatchObject({ outcome: 'success', statusCode: 200 });
    }
    expect([0, 1, 2].map(sent)).toEqual([INJECTED, BODY, BODY]);
    // Another model of it may know the option.
    const other = BODY.replace('gpt-4o', 'other');
    await (await ask(other)).text();
    expect(asks(walk.requests[3]?.body ?? new Uint8Array())).toBe(true);
    await walk.nextRow();
  });

  test('and the request, too: the client gets the refusal of its own request, in one row', async () => {
    await begin((request, connection) =>
      connection.write(answer(400, `{"error":{"message":"asks ${asks(request.body)}"}}`)),
    );
    for (const index of [1, 3]) {
      const response = await ask();
      expect([response.status, await response.json()]).toEqual([400, { error: { message: 'asks false' } }]);
      expect((await walk.nextRow()).record).toMatchObject({ outcome: 'error', statusCode: 400 });
      expect(sent(index)).toBe(BODY);
    }
  });
});
