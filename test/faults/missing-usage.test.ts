import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../packages/server/src/lib/index.ts';
import { loadEncoding } from '../../packages/server/src/tokens/encoding.ts';
import { createTokenCounter } from '../../packages/server/src/tokens/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { RawHandler } from '../support/raw-http.ts';
import { answer, chunk, delta, driven, SSE_HEAD } from '../support/scripted.ts';
import { startWalk, type Walk, type WalkOptions } from '../support/walk.ts';

/** Answers without usage: what is counted, with what mark, and what stays unknown. */

/** The real tokenizer, waited for as long as it takes. */
const tokens = createTokenCounter({ clock: systemClock, onProblem: console.error, waitMs: 30_000 });
afterAll(() => tokens.close());

const countTokens = await loadEncoding('o200k_base');

let walk: Walk;
const begin = async (upstream: RawHandler, options: WalkOptions = {}) => {
  walk = await startWalk({ tokens, ...options, upstream });
};
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

const PROMPT = 'Tell me something surprising about octopuses.';
const TEXT = 'An octopus has three hearts and blue blood.';
const PROMPT_TOKENS = countTokens(PROMPT) + 7;
const TEXT_TOKENS = countTokens(TEXT);
const BODY = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] });
const STREAM = JSON.stringify({ ...JSON.parse(BODY), stream: true });
const chat = (message: object) =>
  JSON.stringify({
    object: 'chat.completion',
    model: 'gpt-4o',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  });
const events = (...texts: string[]) => texts.map((text) => delta(text).replace('m-1', 'gpt-4o')).join('');
const eventOf = (delta: object) => `data: ${JSON.stringify({ model: 'gpt-4o', choices: [{ index: 0, delta }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const streaming =
  (sent: string): RawHandler =>
  (_request, connection) =>
    connection.write(SSE_HEAD + chunk(sent) + chunk(''));

const ask = (body = BODY, path = 'openai/chat/completions', init: RequestInit = {}) =>
  fetch(`${walk.base}/${path}`, { method: 'POST', body, ...init });
const rowOf = async (body?: string, path?: string, init?: RequestInit) => {
  await (await ask(body, path, init)).bytes();
  return (await walk.nextRow()).record;
};
/** gpt-4o: $2.5 and $10 a million. */
const cost = (input: number, output: number) => BigInt(input) * 2_500_000n + BigInt(output) * 10_000_000n;
const ESTIMATED = {
  tokensIn: PROMPT_TOKENS,
  tokensOut: TEXT_TOKENS,
  usageSource: 'estimated',
  costPico: cost(PROMPT_TOKENS, TEXT_TOKENS),
};

describe('a stream that reports no usage is counted with the model’s tokenizer and priced', () => {
  test('in pieces', async () => {
    await begin(streaming(events('An octopus has three', ' hearts and blue blood.') + DONE));
    expect(await rowOf(STREAM)).toMatchObject({ ...ESTIMATED, outcome: 'success' });
  });

  test('with tool calls, reasoning and further choices', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'look_up', arguments: '{"what":"octopus"}' } };
    await begin(streaming(eventOf({ reasoning_content: TEXT, tool_calls: [{ index: 0, ...call }] }) + DONE));
    const output = TEXT_TOKENS + countTokens('look_up') + countTokens('{"what":"octopus"}');
    expect(await rowOf(STREAM)).toMatchObject({
      ...ESTIMATED,
      tokensOut: output,
      costPico: cost(PROMPT_TOKENS, output),
    });
  });

  test('with a content coding', async () => {
    const body = gzipSync(events(TEXT) + DONE);
    const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    await begin((_request, connection) => connection.write(Buffer.concat([Buffer.from(head), body])));
    expect(await rowOf(STREAM)).toMatchObject(ESTIMATED);
  });

  test('as a stream that was asked for its usage, of a provider that ignores it', async () => {
    await begin(streaming(events(TEXT) + DONE), { policy: { asksUsage: true } });
    expect(await rowOf(STREAM)).toMatchObject(ESTIMATED);
  });

  test('in a universal step: the step’s own prompt', async () => {
    await begin(streaming(events(TEXT) + DONE));
    const steps = JSON.stringify([
      { provider: 'openai', endpoint: 'chat/completions', headers: {}, query: JSON.parse(STREAM) },
    ]);
    expect(await rowOf(steps, '')).toMatchObject(ESTIMATED);
  });

  test('a custom cost takes the counts, and spend limits settle by them', async () => {
    const limits = { enabled: true, rules: [{ id: 'r', limit: 10, limitType: 'cost' as const, window: 3600 }] };
    await begin(streaming(events(TEXT) + DONE), { policy: { spendLimits: limits } });
    // Each call is reserved as nearly all of the limit, and costs less than a third of it.
    const price = 3 / TEXT_TOKENS;
    const headers = { 'cf-aig-custom-cost': JSON.stringify({ per_token_in: 0, per_token_out: price }) };
    const body = JSON.stringify({ ...JSON.parse(STREAM), max_tokens: Math.floor(9 / price / 3) });
    for (let i = 0; i < 3; i += 1) {
      const record = await rowOf(body, undefined, { headers });
      expect([record.statusCode, record.usageSource, Number(record.costPico) / 1e12]).toEqual([
        200,
        'estimated',
        expect.closeTo(3),
      ]);
    }
    expect((await rowOf(body, undefined, { headers })).statusCode).toBe(429);
  });

  test('is expected as its head comes, so that the tokenizer is there at its end; others are not', async () => {
    const expected: string[] = [];
    const listening = {
      ...tokens,
      count: tokens.count.bind(tokens),
      expect: (model: string) => void expected.push(model),
    };
    await begin(streaming(events(TEXT) + DONE), { tokens: listening });
    const asked = (model: string, more: object = {}) => JSON.stringify({ ...JSON.parse(STREAM), model, ...more });
    await rowOf(asked('counted'));
    await rowOf(asked('asks', { stream_options: { include_usage: true } }));
    await rowOf(asked('no-stream', { stream: false }));
    await rowOf(asked('unasked'), 'groq/chat/completions');
    expect(expected).toEqual(['counted']);
  });

  test('counting is no part of the duration', async () => {
    const clock = new FakeClock();
    const slow = {
      ...tokens,
      expect: () => undefined,
      count: async () => {
        clock.advance(40);
        return { input: 1, output: 1 };
      },
    };
    await begin(streaming(events(TEXT) + DONE), { clock, tokens: slow });
    expect(await rowOf(STREAM)).toMatchObject({ tokensIn: 1, tokensOut: 1, durationMs: 0 });
  });
});

describe('a stream that is cut', () => {
  const cutting = async (sent: string, how: 'leave' | 'cut', path?: string) => {
    const { handler, connection } = driven();
    await begin(handler);
    const leaving = new AbortController();
    const asking = ask(STREAM, path, { signal: leaving.signal });
    const provider = await connection;
    await provider.write(SSE_HEAD + chunk(sent));
    const reader = ((await asking).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    if (how === 'leave') leaving.abort();
    else provider.end();
    await reader.read().catch(() => undefined);
    return (await walk.nextRow()).record;
  };

  test.each([
    ['leave', 'cancelled'],
    ['cut', 'truncated'],
  ] as const)('%s: is billed by its prompt and what was relayed', async (how, outcome) => {
    const relayed = 'An octopus has three';
    const output = countTokens(relayed);
    expect(await cutting(events(relayed), how)).toMatchObject({
      outcome,
      tokensIn: PROMPT_TOKENS,
      tokensOut: output,
      usageSource: 'relayed',
      costPico: cost(PROMPT_TOKENS, output),
    });
  });

  test('before any text came: by its prompt', async () => {
    expect(await cutting(': wait\n\n', 'leave')).toMatchObject({
      tokensIn: PROMPT_TOKENS,
      tokensOut: 0,
      usageSource: 'relayed',
    });
  });

  const started =
    'data: {"type":"message_start","message":{"type":"message","id":"m","model":"claude-sonnet-4-5","role":"assistant","content":[],"usage":{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":1}}}\n\n';
  const text = (piece: string) =>
    `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${piece}"}}\n\n`;

  test('of Anthropic: its start has the input, what was relayed is the output', async () => {
    expect(await cutting(started + text(TEXT), 'leave', 'anthropic/v1/messages')).toMatchObject({
      outcome: 'cancelled',
      tokensIn: 25,
      tokensOut: TEXT_TOKENS,
      usage: { cacheRead: 100, inputFull: 125 },
      usageSource: 'relayed',
    });
  });

  test('of Anthropic before its text, or after its last counters: as the provider reported', async () => {
    expect(await cutting(started, 'cut', 'anthropic/v1/messages')).toMatchObject({
      tokensOut: 1,
      usageSource: 'provider',
    });
    await walk.stop();
    const final = 'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n\n';
    expect(await cutting(started + text(TEXT) + final, 'cut', 'anthropic/v1/messages')).toMatchObject({
      tokensIn: 25,
      tokensOut: 3,
      usageSource: 'provider',
    });
  });

  test('with running counters: by the last ones', async () => {
    const piece = (output: number) =>
      `data: {"candidates":[{"content":{"parts":[{"text":"${TEXT}"}]}}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":${output}}}\n\n`;
    const record = await cutting(
      piece(1) + piece(2),
      'cut',
      'google-ai-studio/v1beta/models/gemini-2.5-flash:streamGenerateContent',
    );
    expect(record).toMatchObject({ tokensIn: 9, tokensOut: 2, usageSource: 'provider' });
  });
});

describe('nothing is counted', () => {
  const NONE = { tokensIn: null, tokensOut: null, usage: null, usageSource: null };
  test.each<[rule: string, reply: string, path: string, request: string]>([
    ['for an error', answer(500, '{"error":{"message":"no"}}'), 'openai/chat/completions', BODY],
    ['for an error in a good answer', answer(200, '{"error":{"message":"no"}}'), 'openai/chat/completions', BODY],
    [
      'for an error within a stream',
      `${SSE_HEAD}${chunk(`${events(TEXT)}data: {"error":{"message":"no"}}\n\n`)}${chunk('')}`,
      'openai/chat/completions',
      STREAM,
    ],
    ['for audio', answer(200, '{"text":"hello"}'), 'openai/audio/transcriptions', '{"model":"whisper-1"}'],
    ['for a count of tokens', answer(200, '{"input_tokens":7}'), 'anthropic/v1/messages/count_tokens', BODY],
    ['for what no model made', answer(200, '{}'), 'openai/chat/completions', BODY],
    ['for an answer in one piece', answer(200, chat({ content: TEXT })), 'openai/chat/completions', BODY],
    ['at an unknown endpoint', answer(200, chat({ content: TEXT })), 'openai/x', BODY],
  ])('%s', async (_rule, reply, path, request) => {
    await begin((_request, connection) => connection.write(reply));
    expect(await rowOf(request, path)).toMatchObject(NONE);
  });

  test('for pictures: their number is the provider’s word, tokens are nobody’s', async () => {
    await begin((_request, connection) => connection.write(answer(200, '{"created":1,"data":[{"b64_json":"AA"}]}')));
    const record = await rowOf('{"prompt":"a cat"}', 'openai/images/generations');
    expect(record).toMatchObject({ tokensIn: null, tokensOut: null, usage: { units: { images: 1 } } });
  });

  test('where the provider said zero', async () => {
    const body = chat({ content: TEXT }).replace('{', '{"usage":{"prompt_tokens":0,"completion_tokens":0},');
    await begin((_request, connection) => connection.write(answer(200, body)));
    expect(await rowOf()).toMatchObject({ tokensIn: 0, tokensOut: 0, usageSource: 'provider', costPico: 0n });
  });

  test('for an answer out of the cache: it costs nothing', async () => {
    await begin(streaming(events(TEXT) + DONE), { policy: { cacheTtlS: 3600 } });
    expect(await rowOf(STREAM)).toMatchObject({ ...ESTIMATED, cached: false });
    expect(await rowOf(STREAM)).toMatchObject({ ...NONE, cached: true, costPico: 0n });
  });
});
