import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { answer, scripted } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** A call that one limit refuses counts in none of the others; rules that only observe say what they saw. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const HOUR_MS = 3_600_000;
const usage = (tokens: number) =>
  answer(200, `{"model":"m","usage":{"prompt_tokens":5,"completion_tokens":${tokens},"total_tokens":${5 + tokens}}}`);
const rate = (limit: number) => ({ rateLimit: { limit, intervalMs: HOUR_MS, technique: 'sliding' as const } });
const budget = (limit: number, more: object = {}) => ({
  spendLimits: { enabled: true, rules: [{ id: 'all', limit, limitType: 'cost' as const, window: 3600, ...more }] },
});
const key = (more: object = {}) => ({
  id: 'k1',
  provider: 'openai',
  alias: 'default',
  isDefault: true,
  secret: new Secret('stored'),
  rateLimit: null,
  rateLimitSeconds: 3600,
  weight: 1,
  ...more,
});

/** $1 for each token of the answer. */
const PRICED = { 'cf-aig-custom-cost': '{"per_token_in": 0, "per_token_out": 1}' };
async function ask(maxTokens: number, headers: Record<string, string> = {}) {
  const response = await fetch(`${walk.base}/openai/x`, {
    method: 'POST',
    headers: { ...PRICED, ...headers },
    body: JSON.stringify({ model: 'm', max_tokens: maxTokens }),
  });
  const body = (await response.json()) as { internalCode?: number };
  const { record } = await walk.nextRow();
  return { answered: body.internalCode ?? response.status, response, record };
}
const answered = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).answered;

/** What is counted now: calls of the gateway, dollars of the rule, uses of the key. */
function counted() {
  const at = (key: string) => {
    const window = { limit: 10n ** 18n, intervalMs: HOUR_MS, technique: 'sliding' as const };
    return walk.counters.peek(key, window, Date.now()).used;
  };
  return {
    calls: Number(at('rate:key-of-g')),
    dollars: Number(at('spend:key-of-g:["all"]') / 10n ** 12n),
    uses: Number(at('key:k1')),
  };
}

describe('a refused call counts nowhere', () => {
  test('by the spend limit', async () => {
    await begin({
      policy: { ...rate(2), ...budget(20) },
      keys: [key({ rateLimit: 9 })],
      upstream: scripted(usage(10)),
    });
    const refused = await ask(21);
    expect([refused.answered, refused.response.headers.get('ratelimit-limit')]).toEqual([2041, null]);
    expect(counted()).toEqual({ calls: 0, dollars: 0, uses: 0 });
    expect([await answered(10), await answered(10), await answered(1)]).toEqual([200, 200, 2003]);
    expect(counted()).toEqual({ calls: 2, dollars: 20, uses: 2 });
  });

  test('by the rate limit', async () => {
    await begin({
      policy: { ...rate(1), ...budget(20) },
      keys: [key({ rateLimit: 9 })],
      upstream: scripted(usage(10)),
    });
    expect([await answered(10), await answered(10)]).toEqual([200, 2003]);
    expect(counted()).toEqual({ calls: 1, dollars: 10, uses: 1 });
  });

  test('by the limit of the stored key', async () => {
    await begin({
      policy: { ...rate(9), ...budget(90) },
      keys: [key({ rateLimit: 1 })],
      upstream: scripted(usage(10)),
    });
    expect([await answered(10), await answered(10)]).toEqual([200, 2003]);
    expect(counted()).toEqual({ calls: 1, dollars: 10, uses: 1 });
  });

  test('for want of a key', async () => {
    await begin({ policy: { ...rate(9), ...budget(90), ownKeysOnly: true } });
    expect(await answered(10)).toBe(2040);
    expect(counted()).toEqual({ calls: 0, dollars: 0, uses: 0 });
  });
});

test('callers that a budget refuses take no place from those that it lets through', async () => {
  await begin({ policy: { ...rate(50), ...budget(10_000) }, upstream: scripted(usage(1)) });
  const tooLarge = Array.from({ length: 200 }, () => ask(10_001));
  const fitting = Array.from({ length: 50 }, () => ask(1));
  expect((await Promise.all(fitting)).map((call) => call.answered)).toEqual(Array(50).fill(200));
  expect(new Set((await Promise.all(tooLarge)).map((call) => call.answered))).toEqual(new Set([2041]));
});

describe('a call of several steps counts once', () => {
  const steps = (...providers: string[]) =>
    fetch(walk.base, {
      method: 'POST',
      headers: PRICED,
      body: JSON.stringify(
        providers.map((provider) => ({ provider, endpoint: 'x', query: { model: 'm', max_tokens: 10 } })),
      ),
    });

  test('where the first step is refused and the second goes out', async () => {
    const filter = { provider: { mode: 'filter', values: ['openai'] } };
    await begin({ policy: { ...rate(1), ...budget(1, filter) }, upstream: scripted(usage(10)) });
    expect((await steps('openai', 'groq')).status).toBe(200);
    expect(counted()).toEqual({ calls: 1, dollars: 0, uses: 0 });
  });

  test('where the first went out and the second is refused', async () => {
    const filter = { provider: { mode: 'filter', values: ['groq'] } };
    await begin({ policy: { ...rate(1), ...budget(1, filter) }, upstream: scripted(answer(500)) });
    const response = await steps('openai', 'groq');
    expect([response.status, (await response.json()).internalCode]).toEqual([429, 2041]);
    expect(counted()).toEqual({ calls: 1, dollars: 0, uses: 0 });
  });

  test('where a budget ends its retries', async () => {
    const retry = { retries: 3, delayMs: 0, backoff: 'constant' as const };
    // The failed try costs its ten dollars all the same: the provider tells that it did the work.
    const failed = usage(10).replace('200', '500');
    await begin({ policy: { ...rate(2), ...budget(15), retry }, upstream: scripted(failed) });
    const response = await fetch(`${walk.base}/openai/x`, {
      method: 'POST',
      headers: PRICED,
      body: '{"model":"m","max_tokens":10}',
    });
    expect([response.status, (await response.json()).internalCode]).toEqual([429, 2041]);
    await walk.nextRow();
    await walk.nextRow();
    expect(counted()).toEqual({ calls: 1, dollars: 10, uses: 0 });
  });
});

describe('a rule that observes', () => {
  const OBSERVES = { mode: 'observe' as const };

  test('is named in the row of each attempt that it would have refused, and counted in the metrics', async () => {
    await begin({ policy: budget(15, OBSERVES), upstream: scripted(usage(10)) });
    expect([(await ask(10)).record.limitsObserved, (await ask(10)).record.limitsObserved]).toEqual([null, ['all']]);
    const metrics = await (await fetch(`${walk.origin}/metrics`)).text();
    expect(metrics).toContain('headgate_limits_observed_total{gateway="g",rule="all"} 1\n');
  });

  test('says nothing of a call that another rule refuses', async () => {
    const [observing, enforced] = [budget(0, OBSERVES), budget(5, { id: 'hard' })].map(
      ({ spendLimits }) => spendLimits,
    );
    const rules = [...(observing?.rules ?? []), ...(enforced?.rules ?? [])];
    await begin({ policy: { spendLimits: { enabled: true, rules } }, upstream: scripted(usage(5)) });
    const first = await ask(5);
    const refused = await ask(1);
    expect([first.record.limitsObserved, refused.answered, refused.record.limitsObserved]).toEqual([
      ['all'],
      2041,
      null,
    ]);
  });
});
