import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { chunk, driven, SSE_HEAD } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** The cache as a client meets it: what hits, what does not, what is shared, and what a row says of it. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

/** Each answer tells its number, so that a hit can be told from a new one. */
function counting(status = 200, type = 'application/json'): RawHandler {
  let n = 0;
  return (_request, connection) => {
    n += 1;
    const body = `{"model":"gpt-4o","n":${n},"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`;
    return connection.write(
      `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\nset-cookie: mine=1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };
}

interface Asked {
  headers?: Record<string, string>;
  body?: string;
  path?: string;
  method?: string;
}

async function ask({
  headers = {},
  body = '{"model":"gpt-4o"}',
  path = '/openai/chat/completions',
  method = 'POST',
}: Asked = {}) {
  const init =
    method === 'GET'
      ? { method, headers }
      : { method, headers: { 'content-type': 'application/json', ...headers }, body };
  const response = await fetch(walk.base + path, init);
  const text = await response.text();
  const { record } = await walk.nextRow();
  return { text, status: response.headers.get('cf-aig-cache-status'), response, record };
}

const CACHING = { policy: { cacheTtlS: 3600 } };

test('the second of two equal calls is a hit: same bytes, no upstream call, free, and its row says so', async () => {
  await begin({ ...CACHING, upstream: counting() });
  const first = await ask();
  const second = await ask();
  expect([first.status, second.status]).toEqual(['MISS', 'HIT']);
  expect(second.text).toBe(first.text);
  expect(second.response.headers.get('content-type')).toBe('application/json');
  expect(second.response.headers.getSetCookie()).toEqual([]);
  expect(walk.requests.length).toBe(1);
  expect(first.record).toMatchObject({ cached: false, tokensIn: 10, costPico: 75_000_000n });
  expect(second.record).toMatchObject({
    cached: true,
    tokensIn: 10,
    costPico: 0n,
    outcome: 'success',
    provider: 'openai',
  });
});

describe('a call is not a hit', () => {
  test.each<[string, Asked, Asked]>([
    ['with another body', { body: '{"model":"gpt-4o"}' }, { body: '{"model":"gpt-4o" }' }],
    ['at another path', { path: '/openai/chat/completions' }, { path: '/openai/responses' }],
    ['with another query', { path: '/openai/x?a=1' }, { path: '/openai/x?a=2' }],
    ['of another provider', { path: '/openai/chat/completions' }, { path: '/groq/chat/completions' }],
    ['with another credential', { headers: { authorization: 'Bearer a' } }, { headers: { authorization: 'Bearer b' } }],
    ['with a credential, where the other had none', {}, { headers: { authorization: 'Bearer b' } }],
    [
      'with another credential in its query',
      { path: '/google-ai-studio/v1beta/models/m:generateContent?key=a' },
      { path: '/google-ai-studio/v1beta/models/m:generateContent?key=b' },
    ],
    [
      'with a key of its own and another credential in its query',
      { path: '/google-ai-studio/x?key=a', headers: { 'cf-aig-cache-key': 'k' } },
      { path: '/google-ai-studio/x?key=b', headers: { 'cf-aig-cache-key': 'k' } },
    ],
    [
      'that accepts other types',
      { headers: { accept: 'application/json' } },
      { headers: { accept: 'text/event-stream' } },
    ],
    ['with another key of its own', { headers: { 'cf-aig-cache-key': 'a' } }, { headers: { 'cf-aig-cache-key': 'b' } }],
    [
      'with a key of its own and another credential',
      { headers: { 'cf-aig-cache-key': 'a', authorization: 'Bearer a' } },
      { headers: { 'cf-aig-cache-key': 'a', authorization: 'Bearer b' } },
    ],
    [
      'that accepts other codings',
      { headers: { 'accept-encoding': 'gzip' } },
      { headers: { 'accept-encoding': 'identity' } },
    ],
  ])('%s', async (_rule, one, other) => {
    await begin({ ...CACHING, upstream: counting() });
    expect([(await ask(one)).status, (await ask(other)).status]).toEqual(['MISS', 'MISS']);
    expect([(await ask(one)).status, (await ask(other)).status]).toEqual(['HIT', 'HIT']);
  });

  test.each<[string, Asked, string | null]>([
    ['that skips', { headers: { 'cf-aig-skip-cache': 'true' } }, null],
    ['that skips by the old name', { headers: { 'cf-skip-cache': 'true' } }, null],
    ['with a lifetime of 0', { headers: { 'cf-aig-cache-ttl': '0' } }, null],
    ['for a range', { headers: { range: 'bytes=0-1' } }, null],
    ['that deletes', { method: 'DELETE' }, null],
  ])('%s', async (_rule, asked, status) => {
    await begin({ ...CACHING, upstream: counting() });
    expect([(await ask(asked)).status, (await ask(asked)).status]).toEqual([status, status]);
    expect(walk.requests.length).toBe(2);
  });

  test('on a gateway that does not cache, a lifetime alone opts nothing in', async () => {
    await begin({ upstream: counting() });
    const asked = { headers: { 'cf-aig-cache-ttl': '600' } };
    expect([(await ask(asked)).status, (await ask(asked)).status]).toEqual([null, null]);
  });
});

test('a key of its own opts a call in, and stands for body, path and provider', async () => {
  await begin({ upstream: counting() });
  const headers = { 'cf-aig-cache-key': 'k' };
  expect((await ask({ headers })).status).toBe('MISS');
  const other = await ask({ headers, body: '{"other":1}', path: '/openai/responses' });
  expect([other.status, walk.requests.length]).toEqual(['HIT', 1]);
});

test.each([
  [500, 'application/json'],
  [404, 'application/json'],
  [201, 'application/json'],
  [200, 'audio/mpeg'],
])('an answer of %d %s is not stored', async (status, type) => {
  await begin({ ...CACHING, upstream: counting(status, type) });
  await ask();
  expect((await ask()).status).toBe('MISS');
  expect(walk.requests.length).toBe(2);
});

test.each(['cf-aig-cache-ttl', 'cf-cache-ttl'])('%s that is no number is refused by name', async (name) => {
  await begin(CACHING);
  const { response, text } = await ask({ headers: { [name]: 'soon' } });
  expect([response.status, JSON.parse(text).message]).toEqual([400, expect.stringContaining(name)]);
});

test('stored keys: their users share answers, another alias does not', async () => {
  const key = (alias: string) => ({
    id: alias,
    provider: 'openai',
    alias,
    isDefault: alias === 'default',
    secret: new Secret(alias),
    rateLimit: null,
    rateLimitSeconds: 0,
    weight: 1,
  });
  await begin({ ...CACHING, upstream: counting(), keys: [key('default'), key('team')] });
  expect([(await ask()).status, (await ask()).status]).toEqual(['MISS', 'HIT']);
  expect((await ask({ headers: { 'cf-aig-byok-alias': 'team' } })).status).toBe('MISS');
});

const event = (n: number) =>
  `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"${n} "}}]}\n\n`;

describe('streams', () => {
  test('are stored as they came and replayed as streams', async () => {
    await begin({
      ...CACHING,
      upstream: (_request, connection) =>
        connection.write(`${SSE_HEAD}${chunk(event(1))}${chunk(event(2))}${chunk('data: [DONE]\n\n')}0\r\n\r\n`),
    });
    const asked = { body: '{"model":"m","stream":true}' };
    const first = await ask(asked);
    const second = await ask(asked);
    expect([first.status, second.status, second.text]).toEqual([
      'MISS',
      'HIT',
      `${event(1) + event(2)}data: [DONE]\n\n`,
    ]);
    expect(second.response.headers.get('content-type')).toBe('text/event-stream');
    expect(second.record).toMatchObject({ cached: true, streamed: true });
  });

  test('that were cut are not stored', async () => {
    await begin({
      ...CACHING,
      upstream: async (_request, connection) => {
        await connection.write(SSE_HEAD + chunk(event(1)));
        connection.end();
      },
    });
    for (let i = 0; i < 2; i++) {
      const body = '{"model":"m","stream":true}';
      await fetch(`${walk.base}/openai/x`, { method: 'POST', body })
        .then((response) => response.text())
        .catch(() => 'broken');
      expect((await walk.nextRow()).record.outcome).toBe('truncated');
    }
    expect(walk.requests.length).toBe(2);
  });

  test('of many identical calls at once make one upstream call; each gets all of it', async () => {
    const { handler: upstream, connection } = driven();
    await begin({ ...CACHING, upstream });
    const asking = Array.from({ length: 200 }, () =>
      fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{"model":"m","stream":true}' }).then(
        async (response) => ({
          status: response.headers.get('cf-aig-cache-status'),
          text: await response.text(),
        }),
      ),
    );
    const provider = await connection;
    let expected = '';
    await provider.write(SSE_HEAD);
    for (let n = 0; n < 20; n++) {
      expected += event(n);
      await provider.write(chunk(event(n)));
    }
    await provider.write('0\r\n\r\n');
    const answers = await Promise.all(asking);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([expected]));
    expect(answers.filter(({ status }) => status === 'MISS').length).toBe(1);
    expect(walk.requests.length).toBe(1);
    for (let i = 0; i < 200; i++) await walk.nextRow();
  });

  test('the first caller’s leaving does not end it for the others; the last one’s does', async () => {
    const { handler: upstream, connection } = driven();
    await begin({ ...CACHING, upstream });
    const open = async (signal: AbortSignal) => {
      const response = await fetch(`${walk.base}/openai/x`, {
        method: 'POST',
        body: '{"model":"m","stream":true}',
        signal,
      });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return reader;
    };
    const [leader, joiner] = [new AbortController(), new AbortController()];
    const leading = open(leader.signal);
    const provider = await connection;
    const joining = open(joiner.signal);
    await provider.write(SSE_HEAD + chunk(event(1)));
    await leading;
    const reader = await joining;
    leader.abort();
    await provider.write(chunk(event(2)));
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(event(2));
    joiner.abort();
    await provider.closed;
    const rows = [(await walk.nextRow()).record, (await walk.nextRow()).record];
    expect(rows.map(({ cached, outcome }) => `${cached} ${outcome}`).sort()).toEqual([
      'false cancelled',
      'true cancelled',
    ]);
  });

  test('what the provider charged is in the row of the upstream call, although the one who made it left', async () => {
    const { handler: upstream, connection } = driven();
    await begin({ ...CACHING, upstream });
    const body = '{"model":"gpt-4o","stream":true}';
    const leader = new AbortController();
    const leading = fetch(`${walk.base}/openai/chat/completions`, { method: 'POST', body, signal: leader.signal });
    const provider = await connection;
    const joining = fetch(`${walk.base}/openai/chat/completions`, { method: 'POST', body }).then((response) =>
      response.text(),
    );
    while (walk.active() < 2) await new Promise((next) => setImmediate(next));
    leader.abort();
    await leading.catch(() => undefined);
    const usage =
      'data: {"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\n';
    await provider.write(`${SSE_HEAD}${chunk(event(1))}${chunk(usage)}${chunk('data: [DONE]\n\n')}0\r\n\r\n`);
    expect(await joining).toContain('[DONE]');
    const rows = [(await walk.nextRow()).record, (await walk.nextRow()).record].sort(
      (a, b) => Number(a.cached) - Number(b.cached),
    );
    expect(rows).toMatchObject([
      { cached: false, outcome: 'success', costPico: 75_000_000n },
      { cached: true, outcome: 'success', costPico: 0n },
    ]);
  });
});

test('a shared failure of a universal step moves every caller on, with one row per attempt', async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  await begin({
    ...CACHING,
    upstream: async (request, connection) => {
      if (request.url !== '/fails')
        return connection.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      await release;
      connection.reset();
    },
  });
  const steps = JSON.stringify([
    { provider: 'openai', endpoint: 'fails', query: {} },
    { provider: 'groq', endpoint: 'works', query: {} },
  ]);
  const asking = Array.from({ length: 3 }, () => fetch(walk.base, { method: 'POST', body: steps }));
  while (walk.active() < 3) await new Promise((next) => setImmediate(next));
  resolve();
  expect((await Promise.all(asking)).map((response) => response.headers.get('cf-aig-step'))).toEqual(['1', '1', '1']);
});

test('a conditional request is not shared: its 304 is its own', async () => {
  await begin({
    ...CACHING,
    upstream: (request, connection) =>
      connection.write(
        request.headers.some(([name]) => name.toLowerCase() === 'if-none-match')
          ? 'HTTP/1.1 304 Not Modified\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
      ),
  });
  const [conditional, plain] = [
    await ask({ method: 'GET', headers: { 'if-none-match': '"a"' } }),
    await ask({ method: 'GET' }),
  ];
  expect([conditional.response.status, plain.response.status]).toEqual([304, 200]);
});

test('a failure is shared by those who waited for it, and asked anew by the next', async () => {
  let n = 0;
  const { promise: release, resolve } = Promise.withResolvers<void>();
  await begin({
    ...CACHING,
    upstream: async (_request, connection) => {
      n += 1;
      if (n > 1)
        return connection.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      await release;
      connection.reset();
    },
  });
  const asking = Array.from({ length: 5 }, () => fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}' }));
  while (walk.active() < 5) await new Promise((next) => setImmediate(next));
  resolve();
  expect((await Promise.all(asking)).map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
  for (let i = 0; i < 5; i++) {
    expect((await walk.nextRow()).record).toMatchObject({ outcome: 'error', statusCode: 502, provider: 'openai' });
  }
  // One row for each caller and no more: the next one is that of the next call.
  const next = await ask({ path: '/openai/x', body: '{}' });
  expect([next.response.status, next.record.statusCode]).toEqual([200, 200]);
  expect(next.response.headers.get('cf-aig-log-id')).toBe(next.record.id);
});
