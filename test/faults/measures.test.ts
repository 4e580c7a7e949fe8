import { afterEach, describe, expect, test } from 'bun:test';
import { Secret } from '../../packages/server/src/lib/index.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** What the gateway tells about itself: metrics, and its own time per stage. */

let walk: Walk;
const begin = async (options: WalkOptions = {}) => {
  walk = await startWalk(options);
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const CHAT = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] });
const call = async (path = 'openai/chat/completions', init: RequestInit = {}) => {
  const response = await fetch(`${walk.base}/${path}`, { method: 'POST', body: CHAT, ...init });
  await response.arrayBuffer();
  return response;
};
const page = async () => {
  const response = await fetch(`${walk.origin}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return (await response.text()).trimEnd().split('\n');
};
const whole = (body: string, head = '200 OK\r\ncontent-type: application/json') =>
  `HTTP/1.1 ${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const COMPLETION = JSON.stringify({
  object: 'chat.completion',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, prompt_tokens_details: { cached_tokens: 40 } },
});

describe('/metrics', () => {
  test('counts calls, attempts, tokens and cost of an answer', async () => {
    await begin({ upstream: (_request, connection) => connection.write(whole(COMPLETION)) });
    await call();
    await walk.nextRow();
    const model = 'provider="openai",model="gpt-4o-mini-2024-07-18"';
    expect(await page()).toEqual(
      expect.arrayContaining([
        'headgate_calls_total{gateway="g",status="2xx"} 1',
        'headgate_attempts_total{gateway="g",provider="openai",outcome="success"} 1',
        `headgate_tokens_total{${model},kind="input"} 100`,
        `headgate_tokens_total{${model},kind="output"} 10`,
        `headgate_tokens_total{${model},kind="cache_read"} 40`,
        // 60 x $0.15/M + 40 x $0.075/M + 10 x $0.60/M
        `headgate_cost_dollars_total{gateway="g",${model}} 0.000018000000`,
        'headgate_overhead_seconds_count 1',
        'headgate_attempt_duration_seconds_count{provider="openai"} 1',
      ]),
    );
  });

  test('a price that is not known is counted, and never a cost of 0', async () => {
    await begin({
      upstream: (_request, connection) =>
        connection.write(whole(COMPLETION.replace('gpt-4o-mini-2024-07-18', 'nameless'))),
    });
    await call('openai/chat/completions', { body: CHAT.replace('gpt-4o-mini', 'nameless') });
    await walk.nextRow();
    const lines = await page();
    expect(lines).toContain('headgate_unpriced_total{provider="openai",model="nameless"} 1');
    expect(lines.some((line) => line.startsWith('headgate_cost_dollars_total{'))).toBe(false);
  });

  test.each([
    ['the provider refused', whole('{}', '404 Not Found'), 'provider_4xx', 404],
    ['the provider failed', whole('{}', '503 X'), 'provider_5xx', 503],
    ['the connection broke before an answer', null, 'reset', 502],
  ])('errors by kind: %s', async (_name, answer, kind, status) => {
    await begin({
      upstream: async (_request, connection) => (answer === null ? connection.reset() : connection.write(answer)),
    });
    expect((await call()).status).toBe(status);
    await walk.nextRow();
    const lines = await page();
    expect(lines).toContain(`headgate_errors_total{gateway="g",provider="openai",kind="${kind}"} 1`);
    expect(lines).toContain(`headgate_calls_total{gateway="g",status="${Math.floor(status / 100)}xx"} 1`);
  });

  test('a refusal counts under its code, and a made-up provider makes no series of its own', async () => {
    await begin();
    await call('no-such-provider/x');
    await walk.nextRow();
    const lines = await page();
    expect(lines).toContain('headgate_errors_total{gateway="g",provider="",kind="2008"} 1');
    expect(lines.join()).not.toContain('no-such-provider');
  });

  test('each retry is an attempt, all of them one call', async () => {
    await begin({
      policy: { retry: { retries: 2, delayMs: 0, backoff: 'constant' } },
      upstream: (_request, connection) => connection.write(whole('{}', '500 X')),
    });
    await call();
    for (let i = 0; i < 3; i++) await walk.nextRow();
    const lines = await page();
    expect(lines).toContain('headgate_calls_total{gateway="g",status="5xx"} 1');
    expect(lines).toContain('headgate_attempts_total{gateway="g",provider="openai",outcome="error"} 3');
  });

  test('hits and misses are told apart, and a hit costs nothing', async () => {
    await begin({
      policy: { cacheTtlS: 3600 },
      upstream: (_request, connection) => connection.write(whole(COMPLETION)),
    });
    await call();
    await call();
    for (let i = 0; i < 2; i++) await walk.nextRow();
    const lines = await page();
    expect(lines).toContain('headgate_cache_total{gateway="g",status="miss"} 1');
    expect(lines).toContain('headgate_cache_total{gateway="g",status="hit"} 1');
    expect(lines.filter((line) => line.includes('kind="input"'))).toEqual([
      'headgate_tokens_total{provider="openai",model="gpt-4o-mini-2024-07-18",kind="input"} 100',
    ]);
  });

  test('streams tell the time to their first piece, other answers do not', async () => {
    const stream = 'data: {"choices":[]}\n\ndata: [DONE]\n\n';
    const answers = [whole(stream, '200 OK\r\ncontent-type: text/event-stream'), whole('{}')];
    await begin({ upstream: (_request, connection) => connection.write(answers.shift() ?? '') });
    await call('openai/stream');
    await call('openai/plain');
    for (let i = 0; i < 2; i++) await walk.nextRow();
    expect(await page()).toContain('headgate_time_to_first_token_seconds_count{provider="openai"} 1');
  });

  test('with a token set, only who brings it may read', async () => {
    await begin({ metricsToken: new Secret('scrape-me-please') });
    const ask = (authorization?: string, method = 'GET') =>
      fetch(`${walk.origin}/metrics`, { method, headers: authorization === undefined ? {} : { authorization } });
    expect((await ask()).status).toBe(401);
    expect((await ask('Bearer scrape-me-pleas')).status).toBe(401);
    expect((await ask('Bearer scrape-me-please')).status).toBe(200);
    expect((await ask('Bearer scrape-me-please', 'POST')).status).toBe(405);
  });
});

describe('Server-Timing', () => {
  test('an answer tells our own time per stage, beside the provider’s own entries, and so does its row', async () => {
    await begin({
      upstream: (_request, connection) => connection.write(whole('{}', '200 OK\r\nserver-timing: theirs;dur=1')),
    });
    const header = (await call()).headers.get('server-timing') ?? '';
    expect(header).toMatch(/^theirs;dur=1, admit;dur=[\d.]+, /);
    expect(header).toMatch(/, provider;dur=[\d.]+$/);
    const { record } = await walk.nextRow();
    expect(Object.keys(record.stages ?? {})).toContain('provider');
    const told = Object.values(record.stages ?? {}).reduce((sum, ms) => sum + ms, 0);
    // Stages do not overlap: together they are no longer than the call, but for rounding.
    expect(told).toBeLessThanOrEqual(record.durationMs + 1);
  });

  test('it can be switched off; rows keep their stages', async () => {
    await begin({ settings: { serverTiming: false } });
    expect((await call()).headers.has('server-timing')).toBe(false);
    expect((await walk.nextRow()).record.stages).not.toBeNull();
  });
});
