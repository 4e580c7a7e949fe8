import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { headerOf, type RawConnection, type RawHandler, type RawRequest } from '../support/raw-http.ts';
import { OK_ANSWER, RUN_TOKEN, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** Retries, fallbacks, credentials, custom providers and prices: what is tried, in which order, and the row of each try. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const answer = (status: number, body = '{}', headers = '') =>
  `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

/** Answers in turn; the last one again and again. */
function scripted(...script: (string | ((connection: RawConnection) => void))[]): RawHandler {
  let at = 0;
  return async (_request, connection) => {
    const next = script[Math.min(at, script.length - 1)] ?? OK_ANSWER;
    at += 1;
    if (typeof next === 'string') await connection.write(next);
    else next(connection);
  };
}

const post = (headers: Record<string, string> = {}, body = '{"model":"asked"}') =>
  fetch(`${walk.base}/openai/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

const RETRY = { retry: { retries: 2, delayMs: 0, backoff: 'constant' as const } };

describe('retries', () => {
  test.each([408, 409, 429, 500, 502, 503, 529])(
    '%d is tried again, each try is a row, the answer is the last one’s',
    async (status) => {
      await begin({ policy: RETRY, upstream: scripted(answer(status, '{"a":1}'), answer(200, '{"b":2}')) });
      const response = await post();
      expect([response.status, await response.text()]).toEqual([200, '{"b":2}']);
      const rows = [await walk.nextRow(), await walk.nextRow()].sort(
        (a, b) => a.record.statusCode - b.record.statusCode,
      );
      const [good, failed] = rows;
      expect(failed?.record).toMatchObject({ statusCode: status, outcome: 'error' });
      expect(Buffer.from(failed?.bodies?.response ?? []).toString()).toBe('{"a":1}');
      expect(good?.record).toMatchObject({ statusCode: 200, outcome: 'success' });
      expect(good?.record.eventId).toBe(failed?.record.eventId ?? '');
      expect(response.headers.get('cf-aig-log-id')).toBe(good?.record.id ?? '');
      expect(response.headers.get('cf-aig-request-id')).toBe(failed?.record.id ?? '');
      expect(response.headers.get('cf-aig-step')).toBe('0');
    },
  );

  test.each([400, 401, 403, 404, 422])('%d is not tried again', async (status) => {
    await begin({ policy: RETRY, upstream: scripted(answer(status)) });
    expect((await post()).status).toBe(status);
    await walk.nextRow();
    expect(walk.requests.length).toBe(1);
  });

  test('when every try fails, the provider’s own last error goes back', async () => {
    await begin({ policy: RETRY, upstream: scripted(answer(500), answer(502), answer(503, '{"own":"error"}')) });
    const response = await post();
    expect([response.status, await response.text(), walk.requests.length]).toEqual([503, '{"own":"error"}', 3]);
    for (let i = 0; i < 3; i++) await walk.nextRow();
  });

  test('a broken connection is tried again', async () => {
    await begin({ policy: RETRY, upstream: scripted((connection) => connection.reset(), OK_ANSWER) });
    expect((await post()).status).toBe(200);
    const codes = [(await walk.nextRow()).record.error?.code, (await walk.nextRow()).record.error?.code];
    expect(codes).toContain('reset');
  });

  test('the call’s headers go before the gateway’s settings', async () => {
    await begin({ policy: RETRY, upstream: scripted(answer(500)) });
    await post({ 'cf-aig-max-attempts': '1', 'cf-aig-retry-delay': '0' });
    expect(walk.requests.length).toBe(2);
    await walk.nextRow();
    await walk.nextRow();
  });

  test('a Retry-After beyond the cap is not waited for', async () => {
    await begin({ policy: RETRY, upstream: scripted(answer(429, '{}', 'retry-after: 3600\r\n')) });
    expect((await post()).status).toBe(429);
    expect(walk.requests.length).toBe(1);
    await walk.nextRow();
  });

  test('a Retry-After within it is, by the clock', async () => {
    const clock = new FakeClock();
    await begin({ policy: RETRY, clock, upstream: scripted(answer(429, '{}', 'retry-after: 7\r\n'), OK_ANSWER) });
    const asking = post();
    await walk.nextRow();
    expect(walk.requests.length).toBe(1);
    clock.advance(6999);
    expect(walk.requests.length).toBe(1);
    clock.advance(1);
    expect((await asking).status).toBe(200);
    await walk.nextRow();
  });

  test('a client that leaves during the pause before a retry ends the call; the failed try keeps its one row', async () => {
    const clock = new FakeClock();
    await begin({
      policy: { retry: { retries: 3, delayMs: 3000, backoff: 'constant' } },
      clock,
      upstream: scripted(answer(500)),
    });
    const leaving = new AbortController();
    const asking = fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}', signal: leaving.signal });
    expect((await walk.nextRow()).record).toMatchObject({ statusCode: 500, outcome: 'error' });
    leaving.abort();
    await asking.catch(() => undefined);
    while (walk.active() > 0) await new Promise((next) => setImmediate(next));
    clock.advance(60_000);
    expect(walk.requests.length).toBe(1);
  });

  test('a status that HTTP does not have is the provider’s failure', async () => {
    await begin({ upstream: scripted(answer(799)) });
    const response = await post();
    expect([response.status, (await response.json()).message]).toEqual([
      502,
      'Failed to get response from provider (unknown: status 799)',
    ]);
    await walk.nextRow();
  });

  test.each([
    ['cf-aig-max-attempts', '6'],
    ['cf-aig-max-attempts', 'x'],
    ['cf-aig-retry-delay', '60001'],
    ['cf-aig-request-timeout', '0'],
    ['cf-aig-request-timeout', '1.5'],
    ['cf-aig-backoff', 'never'],
    ['cf-aig-no-wholesale', 'perhaps'],
    ['cf-aig-custom-cost', '{"per_token_in":"free"}'],
    ['cf-aig-custom-cost', 'cheap'],
  ])('%s: %s is refused by name', async (name, value) => {
    await begin({});
    const response = await post({ [name]: value });
    expect(response.status).toBe(400);
    expect((await response.json()).message).toContain(
      name === 'cf-aig-custom-cost' && value.startsWith('{') ? 'per_token_in' : name,
    );
    expect(walk.requests.length).toBe(0);
    await walk.nextRow();
  });
});

describe('the call’s own timeout', () => {
  const silentThenGood = (): { upstream: RawHandler; first: Promise<void> } => {
    const { promise: first, resolve } = Promise.withResolvers<void>();
    let at = 0;
    return {
      first,
      upstream: async (_request, connection) => {
        at += 1;
        if (at > 1) return connection.write(OK_ANSWER);
        resolve();
        await connection.closed;
      },
    };
  };

  test('ends a lone attempt', async () => {
    const clock = new FakeClock();
    const { upstream, first } = silentThenGood();
    await begin({ clock, upstream });
    const asking = post({ 'cf-aig-request-timeout': '1000' });
    await first;
    clock.advance(1000);
    expect((await asking).status).toBe(504);
    expect((await walk.nextRow()).record.error?.code).toBe('timeout');
  });

  test('leads to a retry', async () => {
    const clock = new FakeClock();
    const { upstream, first } = silentThenGood();
    await begin({ clock, upstream, policy: RETRY });
    const asking = post({ 'cf-aig-request-timeout': '1000' });
    await first;
    clock.advance(1000);
    expect((await asking).status).toBe(200);
    await walk.nextRow();
    await walk.nextRow();
  });
});

describe('the universal endpoint', () => {
  const universal = (steps: unknown, headers: Record<string, string> = {}) =>
    fetch(walk.base, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(steps),
    });
  const step = (provider: string, more: Record<string, unknown> = {}) => ({
    provider,
    endpoint: 'chat/completions',
    headers: { authorization: `Bearer key-of-${provider}` },
    query: { model: `m-of-${provider}` },
    ...more,
  });

  test('the first step that answers well wins, and its index is told', async () => {
    await begin({ upstream: scripted(answer(404, '{"error":"no such model"}'), answer(200, '{"ok":true}')) });
    const response = await universal([step('openai', { endpoint: '/v1/chat/completions?x=1' }), step('groq')]);
    expect([response.status, await response.text(), response.headers.get('cf-aig-step')]).toEqual([
      200,
      '{"ok":true}',
      '1',
    ]);
    expect(walk.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /chat/completions?x=1',
      'POST /chat/completions',
    ]);
    expect(walk.requests.map((request) => headerOf(request, 'authorization'))).toEqual([
      'Bearer key-of-openai',
      'Bearer key-of-groq',
    ]);
    expect(walk.requests.map(({ body }) => Buffer.from(body).toString())).toEqual([
      '{"model":"m-of-openai"}',
      '{"model":"m-of-groq"}',
    ]);
    expect(walk.requests.map((request) => headerOf(request, 'content-type'))).toEqual([
      'application/json',
      'application/json',
    ]);
    const rows = [(await walk.nextRow()).record, (await walk.nextRow()).record].sort((a, b) => a.step - b.step);
    expect(rows).toMatchObject([
      { step: 0, provider: 'openai', modelAsked: 'm-of-openai', statusCode: 404, requestType: 'universal' },
      { step: 1, provider: 'groq', modelAsked: 'm-of-groq', statusCode: 200, requestType: 'universal' },
    ]);
    expect(rows[0]?.eventId).toBe(rows[1]?.eventId ?? '');
  });

  test('a single object is a single step; a trailing slash is the same address', async () => {
    await begin({});
    const response = await fetch(`${walk.base}/`, { method: 'POST', body: JSON.stringify(step('openai')) });
    expect([response.status, response.headers.get('cf-aig-step')]).toEqual([200, '0']);
    await walk.nextRow();
  });

  test('when all fail, the last one’s own error goes back', async () => {
    await begin({ upstream: scripted(answer(500), answer(401, '{"last":1}')) });
    const response = await universal([step('openai'), step('groq')]);
    expect([response.status, await response.text(), response.headers.get('cf-aig-step')]).toEqual([
      401,
      '{"last":1}',
      '1',
    ]);
    await walk.nextRow();
    await walk.nextRow();
  });

  test('a provider that cannot be reached moves on, too', async () => {
    await begin({});
    const unreachable = await startWalk({
      settings: {
        baseUrls: new Map([
          ['openai', 'http://127.0.0.1:1'],
          ['groq', walk.upstream.url],
        ]),
      },
    });
    const response = await fetch(unreachable.base, {
      method: 'POST',
      body: JSON.stringify([step('openai'), step('groq')]),
    });
    expect([response.status, response.headers.get('cf-aig-step')]).toEqual([200, '1']);
    const codes = [(await unreachable.nextRow()).record.error?.code, (await unreachable.nextRow()).record.error?.code];
    expect(codes).toContain('connect_refused');
    await unreachable.stop();
  });

  test('step headers go before request headers; retries come before the next step', async () => {
    await begin({ upstream: scripted(answer(500), answer(500), OK_ANSWER) });
    const config = { maxAttempts: 1, retryDelay: 0, backoff: 'constant' };
    const response = await universal([step('openai', { config }), step('groq')], {
      'cf-aig-max-attempts': '0',
      'cf-aig-metadata': '{"who":"me"}',
    });
    expect([response.status, response.headers.get('cf-aig-step'), walk.requests.length]).toEqual([200, '1', 3]);
    for (let i = 0; i < 3; i++) expect((await walk.nextRow()).record.metadata).toEqual({ who: 'me' });
  });

  test('neither our token nor our headers go upstream out of a step', async () => {
    await begin({ policy: { authentication: true } });
    const headers = {
      authorization: `Bearer ${RUN_TOKEN}`,
      'cf-aig-cache-ttl': '60',
      'x-api-key': 'theirs',
      'x-number': 7,
    };
    await universal([step('openai', { headers })], { 'cf-aig-authorization': `Bearer ${RUN_TOKEN}` });
    const sent = JSON.stringify(walk.requests[0]?.headers);
    expect(sent).not.toContain(RUN_TOKEN);
    expect(sent.toLowerCase()).not.toContain('cf-aig');
    expect(headerOf(walk.requests[0] as RawRequest, 'x-number')).toBe('7');
    await walk.nextRow();
  });

  test('a step cannot allow the operator’s key again where the request forbids it', async () => {
    await begin({ operatorKeys: new Map([['openai', new Secret('operator-key')]]) });
    const response = await universal([{ ...step('openai'), headers: { 'cf-aig-no-wholesale': 'false' } }], {
      'cf-aig-no-wholesale': 'true',
    });
    expect([response.status, (await response.json()).internalCode]).toEqual([400, 2040]);
    await walk.nextRow();
  });

  test('a refused universal call leaves no key of its steps in the log', async () => {
    await begin({});
    const response = await universal([step('openai'), step('no-such-provider')]);
    expect(response.status).toBe(400);
    const { bodies } = await walk.nextRow();
    expect(Buffer.from(bodies?.request ?? []).toString()).toBe('');
  });

  test('a token inside a step does not open an authenticated gateway', async () => {
    await begin({ policy: { authentication: true } });
    const response = await universal([step('openai', { headers: { 'cf-aig-authorization': `Bearer ${RUN_TOKEN}` } })]);
    expect(response.status).toBe(401);
    await walk.nextRow();
  });

  test.each([
    ['[]', 'empty'],
    ['nonsense', 'JSON'],
    ['[1]', '[0] must be an object'],
    ['[{"endpoint":"x"}]', '[0].provider'],
    ['[{"provider":"openai"}]', '[0].endpoint'],
    ['[{"provider":"openai","endpoint":"x","headers":[]}]', '[0].headers'],
    ['[{"provider":"openai","endpoint":"x","headers":{"a b":"secret-value"}}]', '"a b"'],
    ['[{"provider":"openai","endpoint":"x","config":1}]', '[0].config'],
    ['[{"provider":"openai","endpoint":"x","config":{"maxAttempts":9}}]', 'cf-aig-max-attempts'],
  ])('%s is refused by name', async (body, message) => {
    await begin({});
    const response = await fetch(walk.base, { method: 'POST', body });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(JSON.parse(text).message).toContain(message);
    expect(text).not.toContain('secret-value');
    await walk.nextRow();
  });
});

describe('credentials', () => {
  const stored = (alias: string, value: string, more = {}) => ({
    id: `id-of-${value}`,
    provider: 'openai',
    alias,
    isDefault: alias === 'default',
    secret: new Secret(value),
    rateLimit: null,
    rateLimitSeconds: 0,
    ...more,
  });
  const sentKey = () => headerOf(walk.requests.at(-1) as RawRequest, 'authorization');

  test('the client’s own goes before a stored one, a stored one before the operator’s', async () => {
    const operatorKeys = new Map([['openai', new Secret('operator-key')]]);
    await begin({ keys: [stored('default', 'stored-key')], operatorKeys });
    await post({ authorization: 'Bearer own-key' });
    expect(sentKey()).toBe('Bearer own-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: false, wholesale: false });
    await post({ authorization: 'Bearer undefined' });
    expect(sentKey()).toBe('Bearer stored-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: true, wholesale: false });
  });

  test('the operator’s is used where there is no other, unless that is forbidden', async () => {
    await begin({ operatorKeys: new Map([['openai', new Secret('operator-key')]]) });
    await post();
    expect(sentKey()).toBe('Bearer operator-key');
    expect((await walk.nextRow()).record).toMatchObject({ byok: false, wholesale: true });
    const refused = await post({ 'cf-aig-no-wholesale': 'true' });
    expect([refused.status, (await refused.json()).internalCode]).toEqual([400, 2040]);
    expect((await walk.nextRow()).record.outcome).toBe('refused');
  });

  test('byok_only forbids it for all calls; a header cannot allow it again', async () => {
    await begin({ policy: { ownKeysOnly: true }, operatorKeys: new Map([['openai', new Secret('operator-key')]]) });
    const refused = await post({ 'cf-aig-no-wholesale': 'false' });
    expect([refused.status, (await refused.json()).internalCode]).toEqual([400, 2040]);
    await walk.nextRow();
  });

  test('an alias picks a stored key; one that there is not is refused with those that there are', async () => {
    await begin({ keys: [stored('default', 'first-key'), stored('team', 'team-key')] });
    await post({ 'cf-aig-byok-alias': 'team' });
    expect(sentKey()).toBe('Bearer team-key');
    await walk.nextRow();
    const refused = await post({ 'cf-aig-byok-alias': 'nobody' });
    expect(refused.status).toBe(400);
    expect((await refused.json()).error).toEqual([
      {
        code: 2040,
        message: "Provider 'openai' has no BYOK credential named 'nobody'. Configured aliases: 'default', 'team'",
      },
    ]);
    await walk.nextRow();
  });

  test('a stored key whose secret is gone does not fall through', async () => {
    await begin({
      keys: [stored('default', 'x', { secret: null })],
      operatorKeys: new Map([['openai', new Secret('operator-key')]]),
    });
    const refused = await post();
    expect([refused.status, (await refused.json()).message]).toEqual([
      400,
      'Configured BYOK credentials are unavailable',
    ]);
    await walk.nextRow();
  });

  test('a stored key’s own limit: 429/2003 with the alias and Retry-After', async () => {
    await begin({ keys: [stored('default', 'x', { rateLimit: 1, rateLimitSeconds: 60 })] });
    expect((await post()).status).toBe(200);
    await walk.nextRow();
    const refused = await post();
    expect([refused.status, (await refused.json()).internalCode]).toEqual([429, 2003]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await walk.nextRow();
  });

  test('a key that the provider throttled rests while the other of its alias works', async () => {
    const used: (string | null)[] = [];
    await begin({
      keys: [stored('default', 'key-a'), stored('default', 'key-b')],
      upstream: (request, connection) => {
        used.push(headerOf(request, 'authorization'));
        return connection.write(used.length === 1 ? answer(429) : OK_ANSWER);
      },
    });
    for (let i = 0; i < 4; i++) {
      await post();
      await walk.nextRow();
    }
    const [throttled, ...others] = used;
    expect(others.every((key) => key !== throttled)).toBe(true);
  });
});

describe('custom providers', () => {
  const custom = (baseUrl: string) => [
    {
      id: 'c1',
      slug: 'mine',
      baseUrl,
      headers: { 'x-extra': 'of-the-provider', authorization: 'Bearer of-the-provider' },
    },
  ];

  test('custom-{slug} reaches its base with its headers, where its host may be called', async () => {
    await begin({});
    const { url } = walk.upstream;
    const calling = await startWalk({ custom: custom(`${url}/prefix`), mayBePrivate: () => true });
    const response = await fetch(`${calling.base}/custom-mine/v1/models?x=1`);
    expect([response.status, walk.requests[0]?.url]).toEqual([200, '/prefix/v1/models?x=1']);
    expect(headerOf(walk.requests[0] as RawRequest, 'x-extra')).toBe('of-the-provider');
    expect((await calling.nextRow()).record.provider).toBe('custom-mine');
    await calling.stop();
  });

  test.each([
    'http://127.0.0.1:1',
    'https://127.0.0.1:1',
    'https://localhost:1',
    'http://example.com',
    'https://[::1]:1',
  ])('%s is not called', async (baseUrl) => {
    await begin({ custom: custom(baseUrl) });
    const response = await fetch(`${walk.base}/custom-mine/x`);
    expect([response.status, (await response.json()).internalCode]).toEqual([502, 2005]);
    expect((await walk.nextRow()).record.error?.code).toBe('blocked');
  });

  test('an unknown or disabled one is an unknown provider', async () => {
    await begin({});
    const response = await fetch(`${walk.base}/custom-other/x`);
    expect([response.status, (await response.json()).internalCode]).toEqual([400, 2008]);
    await walk.nextRow();
  });
});

describe('cost', () => {
  const body =
    '{"model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}';

  test('a row carries what the answer cost, in pico-dollars', async () => {
    await begin({ upstream: scripted(answer(200, body)) });
    await post();
    // 1000 × $2.50/M + 100 × $10/M
    expect((await walk.nextRow()).record).toMatchObject({ costPico: 3_500_000_000n, customCost: false });
  });

  test('the client’s own prices go before the list', async () => {
    await begin({ upstream: scripted(answer(200, body)) });
    await post({ 'cf-aig-custom-cost': '{"per_token_in": 0.000001, "per_token_out": 0.00002}' });
    expect((await walk.nextRow()).record).toMatchObject({ costPico: 3_000_000_000n, customCost: true });
  });

  test('an unknown price is unknown, not zero', async () => {
    await begin({ upstream: scripted(answer(200, body.replace('gpt-4o-2024-08-06', 'no-such-model'))) });
    await post();
    expect((await walk.nextRow()).record.costPico).toBeNull();
  });
});
