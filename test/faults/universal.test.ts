import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { headerOf, type RawRequest } from '../support/raw-http.ts';
import { answer, scripted } from '../support/scripted.ts';
import { OK_ANSWER, RUN_TOKEN, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** The universal endpoint: which steps are tried, in which order, with which headers, and the row of each try. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
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
