import { afterEach, expect, test } from 'bun:test';
import { FakeClock } from '../support/fake-clock.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** The gateway's rate limit: what counts, what does not, and what a refusal says. */

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
