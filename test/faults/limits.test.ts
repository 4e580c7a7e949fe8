import { afterEach, describe, expect, test } from 'bun:test';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** The gateway's rate and spend limits: what counts, what does not, and what a refusal says. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const limited = (technique: 'fixed' | 'sliding', limit = 2) => ({
  rateLimit: { limit, intervalMs: 60_000, technique },
});
const ask = async (init: RequestInit = {}) => {
  const response = await fetch(`${walk.base}/openai/x`, { method: 'POST', body: '{}', ...init });
  await walk.nextRow();
  return response;
};

test('calls beyond the limit are refused with 429/2003 and told when to come back; nothing goes upstream', async () => {
  const clock = new FakeClock();
  await begin({ clock, policy: limited('fixed') });
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
  const refused = await ask();
  expect([refused.status, (await refused.json()).internalCode]).toEqual([429, 2003]);
  const reset = Number(refused.headers.get('retry-after'));
  expect(reset).toBeGreaterThan(0);
  expect(refused.headers.get('ratelimit-policy')).toBe('"default";q=2;w=60');
  expect(refused.headers.get('ratelimit')).toBe(`"default";r=0;t=${reset}`);
  expect(walk.requests.length).toBe(2);
  clock.advance(reset * 1000);
  expect((await ask()).status).toBe(200);
});

test('an answer tells where its call stands in the limit; the provider’s own fields win over ours', async () => {
  const clock = new FakeClock();
  let answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
  await begin({
    clock,
    policy: limited('sliding', 3),
    upstream: (_request, connection) => connection.write(answer),
  });
  const fields = (response: Response) => ['ratelimit', 'ratelimit-remaining'].map((name) => response.headers.get(name));
  expect(fields(await ask())).toEqual(['"default";r=2;t=60', '2']);
  expect(fields(await ask())).toEqual(['"default";r=1;t=60', '1']);
  answer = 'HTTP/1.1 200 OK\r\nratelimit-limit: 9\r\ncontent-length: 2\r\n\r\n{}';
  const theirs = await ask();
  expect([...fields(theirs), theirs.headers.get('ratelimit-limit')]).toEqual([null, null, '9']);
});

test('sliding: no interval holds more than the limit', async () => {
  const clock = new FakeClock();
  await begin({ clock, policy: limited('sliding') });
  await ask();
  clock.advance(59_000);
  await ask();
  expect((await ask()).status).toBe(429);
  clock.advance(1001);
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
});

test('a thousand callers at once never get more than the limit', async () => {
  await begin({ policy: limited('sliding', 100) });
  const statuses = await Promise.all(Array.from({ length: 1000 }, () => ask().then(({ status }) => status)));
  expect(statuses.filter((status) => status === 200).length).toBe(100);
  expect(walk.requests.length).toBe(100);
});

test('answers from the cache are not limited', async () => {
  await begin({ policy: { ...limited('fixed', 1), cacheTtlS: 3600 } });
  expect([(await ask()).status, (await ask()).headers.get('cf-aig-cache-status')]).toEqual([200, 'HIT']);
  expect((await ask({ body: '{"other":1}' })).status).toBe(429);
});

test('retries and steps of one call count once', async () => {
  await begin({
    policy: { ...limited('fixed', 1), retry: { retries: 1, delayMs: 0, backoff: 'constant' } },
    upstream: (_request, connection) => connection.write('HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n'),
  });
  const steps = JSON.stringify([
    { provider: 'openai', endpoint: 'x', query: {} },
    { provider: 'groq', endpoint: 'x', query: {} },
  ]);
  expect((await fetch(walk.base, { method: 'POST', body: steps })).status).toBe(500);
  expect(walk.requests.length).toBe(4);
  for (let i = 0; i < 4; i++) await walk.nextRow();
  expect((await ask()).status).toBe(429);
});

test('a call that is refused between two steps has a row that says so', async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  await begin({
    policy: { ...limited('fixed', 1), cacheTtlS: 3600 },
    upstream: async (request, connection) => {
      if (request.url === '/fails') {
        await release;
        return connection.reset();
      }
      await connection.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    },
  });
  // The first step is shared, so only its leader is counted; the second is not.
  const own = { provider: 'groq', endpoint: 'works', headers: { 'cf-aig-skip-cache': 'true' }, query: {} };
  const body = JSON.stringify([{ provider: 'openai', endpoint: 'fails', query: {} }, own]);
  const asking = [1, 2].map(() => fetch(walk.base, { method: 'POST', body }));
  while (walk.active() < 2) await new Promise((next) => setImmediate(next));
  resolve();
  const answers = await Promise.all(asking);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 429]);
  const rows = [await walk.nextRow(), await walk.nextRow(), await walk.nextRow(), await walk.nextRow()];
  expect(rows.map(({ record }) => record.statusCode).sort()).toEqual([200, 429, 502, 502]);
  const refused = answers.find(({ status }) => status === 429)?.headers.get('cf-aig-log-id');
  expect(rows.find(({ record }) => record.id === refused)?.record).toMatchObject({
    statusCode: 429,
    outcome: 'refused',
  });
});

describe('spend limits', () => {
  /** $1 a token: custom prices make the sums plain. 10 tokens in the answer. */
  const priced = {
    'content-type': 'application/json',
    'cf-aig-custom-cost': '{"per_token_in": 0, "per_token_out": 1}',
  };
  const usage = (tokens: number) =>
    `{"model":"m","usage":{"prompt_tokens":5,"completion_tokens":${tokens},"total_tokens":${5 + tokens}}}`;
  const answering =
    (body: string, status = 200): RawHandler =>
    (_request, connection) =>
      connection.write(
        `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
  const budget = (limit: number, more: object = {}) => ({
    spendLimits: { enabled: true, rules: [{ id: 'all', limit, limitType: 'cost' as const, window: 3600, ...more }] },
  });
  const spend = (maxTokens: number, headers: Record<string, string> = {}) =>
    ask({ headers: { ...priced, ...headers }, body: JSON.stringify({ model: 'm', max_tokens: maxTokens }) });

  test('beyond the budget: 429/2041 naming the rule; what a call did not use is given back', async () => {
    await begin({ policy: budget(25), upstream: answering(usage(10)) });
    // Reserves 20, costs 10; then 15 are left.
    expect((await spend(20)).status).toBe(200);
    expect((await spend(15)).status).toBe(200);
    const refused = await spend(6);
    expect([refused.status, (await refused.json()).error]).toEqual([
      429,
      [{ code: 2041, message: "Spend limit exceeded: rule 'all' (cost limit 25 per 3600s, sliding) for openai m" }],
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await spend(5)).status).toBe(200);
    expect(walk.requests.length).toBe(3);
  });

  test('a hundred callers at once cannot overrun it', async () => {
    await begin({ policy: budget(100), upstream: answering(usage(10)) });
    const statuses = await Promise.all(Array.from({ length: 100 }, () => spend(10).then(({ status }) => status)));
    expect(statuses.filter((status) => status === 200).length).toBe(10);
    expect(walk.requests.length).toBe(10);
  });

  test('a provider that fails costs nothing; one that does not tell its usage costs what was reserved', async () => {
    await begin({ policy: budget(10), upstream: answering('{"error":{}}', 500) });
    expect([(await spend(10)).status, (await spend(10)).status]).toEqual([500, 500]);
    await walk.stop();
    await begin({ policy: budget(10), upstream: answering('{}') });
    expect([(await spend(10)).status, (await spend(1)).status]).toEqual([200, 429]);
  });

  test('a call without a log row counts all the same', async () => {
    await begin({ policy: budget(10), upstream: answering(usage(10)) });
    const headers = { ...priced, 'cf-aig-collect-log': 'false' };
    const silent = () =>
      fetch(`${walk.base}/openai/x`, { method: 'POST', headers, body: '{"model":"m","max_tokens":10}' });
    await (await silent()).text();
    expect((await silent()).status).toBe(429);
  });

  test('answers from the cache are free', async () => {
    await begin({ policy: { ...budget(10), cacheTtlS: 3600 }, upstream: answering(usage(10)) });
    const asked = async () => (await spend(10)).headers.get('cf-aig-cache-status');
    expect([await asked(), await asked(), await asked()]).toEqual(['MISS', 'HIT', 'HIT']);
  });

  test('a rule that observes refuses nothing; rows and metrics say where it would have', async () => {
    await begin({ policy: budget(10, { mode: 'observe' }), upstream: answering(usage(10)) });
    const observed = async () => {
      const headers = { ...priced, 'content-type': 'application/json' };
      const body = JSON.stringify({ model: 'm', max_tokens: 10 });
      expect((await fetch(`${walk.base}/openai/x`, { method: 'POST', headers, body })).status).toBe(200);
      return (await walk.nextRow()).record.limitsObserved;
    };
    expect([await observed(), await observed()]).toEqual([null, ['all']]);
    const metrics = await (await fetch(`${walk.origin}/metrics`)).text();
    expect(metrics).toContain('headgate_limits_observed_total{gateway="g",rule="all"} 1\n');
  });

  test.each([
    ['not cached', 0],
    ['cached', 3600],
  ])(
    'a call that it refuses does not use up the rate limit, nor the other way round (%s)',
    async (_name, cacheTtlS) => {
      await begin({ policy: { ...budget(10), ...limited('sliding', 1), cacheTtlS }, upstream: answering(usage(4)) });
      const code = async (maxTokens: number) => {
        const response = await spend(maxTokens);
        return response.status === 200 ? 200 : (await response.json()).internalCode;
      };
      // Over the budget twice: the one call of the rate limit is still there. After it, the rate limit is asked first.
      const codes = [await code(11), await code(12), await code(4), await code(5), await code(6), await code(7)];
      expect(codes).toEqual([2041, 2041, 200, 2003, 2003, 2003]);
      expect(walk.requests.length).toBe(1);
    },
  );

  test('each value of a partition has its own budget', async () => {
    await begin({ policy: budget(10, { metadata: { user: { mode: 'partition' } } }), upstream: answering(usage(10)) });
    const by = async (user: string) => (await spend(10, { 'cf-aig-metadata': JSON.stringify({ user }) })).status;
    expect([await by('a'), await by('b'), await by('a')]).toEqual([200, 200, 429]);
  });

  test('in a universal call an exhausted provider is passed over', async () => {
    await begin({
      policy: budget(1, { provider: { mode: 'filter', values: ['openai'] } }),
      upstream: answering(usage(1)),
    });
    const step = (provider: string) => ({ provider, endpoint: 'x', query: { model: 'm', max_tokens: 10 } });
    const response = await fetch(walk.base, {
      method: 'POST',
      headers: priced,
      body: JSON.stringify([step('openai'), step('groq')]),
    });
    expect([response.status, response.headers.get('cf-aig-step')]).toEqual([200, '1']);
    const outcomes = [(await walk.nextRow()).record.outcome, (await walk.nextRow()).record.outcome];
    expect(outcomes.sort()).toEqual(['refused', 'success']);
  });
});
