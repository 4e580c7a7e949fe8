import { afterEach, describe, expect, test } from 'bun:test';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { answer, scripted } from '../support/scripted.ts';
import { OK_ANSWER, startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** Retries, timeouts and prices: what is tried, when, and the row of each try. */

let walk: Walk;
const begin = async (options: WalkOptions) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

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

describe('cost', () => {
  test('a row carries its bill, and the tier that the answer names', async () => {
    const body = JSON.stringify({
      model: 'gpt-5-2025-08-07',
      object: 'chat.completion',
      choices: [],
      service_tier: 'flex',
      usage: { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 40 } },
    });
    await begin({ upstream: scripted(answer(200, body)) });
    await (await post()).text();
    expect((await walk.nextRow()).record).toMatchObject({
      serviceTier: 'flex',
      billedRuns: null,
      costPico: 60n * 625_000n + 40n * 62_500n + 10n * 5_000_000n,
      bill: {
        source: 'list',
        version: '2026-09-23',
        lines: [
          { component: 'input', units: 60, unitPrice: '625000' },
          { component: 'cacheRead', units: 40, unitPrice: '62500' },
          { component: 'output', units: 10, unitPrice: '5000000' },
        ],
      },
    });
  });

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
