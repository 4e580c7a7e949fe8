import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { loadRecordings, type Recording } from '../support/recordings.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';

/** The providers' own clients, unmodified, against a real server with recorded answers behind it. */

let headgate: Headgate;
let upstream: ReplayUpstream;
const recordings = await loadRecordings(join(import.meta.dir, '../fixtures/recordings'));
const PROVIDER_KEY = 'sk-canary-of-the-provider';

beforeAll(async () => {
  upstream = await startReplayUpstream({ recordings });
  const bases = Object.fromEntries(['openai', 'anthropic', 'google-ai-studio'].map((slug) => [slug, upstream.url]));
  headgate = await startHeadgate({ env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify(bases) } });
});
afterAll(async () => {
  await headgate.stop();
  await upstream.stop();
});

/** The first recording of this dialect for which `wanted` holds. */
function pick(dialect: string, wanted: (recording: Recording) => boolean): Recording {
  const found = recordings.find((recording) => recording.dialect === dialect && wanted(recording));
  if (found === undefined) throw new Error(`no ${dialect} recording fits`);
  return found;
}
const plain = (recording: Recording) => recording.stream_format === null && recording.response.status === 200;
const streamed = (recording: Recording) => recording.stream_format === 'sse' && recording.response.status === 200;
const withTools = (recording: Recording) => recording.expected.tool_calls.length > 0;
const withText = (recording: Recording) => (recording.expected.text ?? '') !== '';

/** Names the call under test, so that its row can be told from those of others. */
let eventId = '';
beforeEach(() => {
  eventId = crypto.randomUUID();
});
const gatewayHeaders = () => ({ 'cf-aig-authorization': `Bearer ${headgate.adminToken}`, 'cf-aig-event-id': eventId });
const replay = (recording: Recording, chunks = 'whole') => ({
  headers: { 'x-replay-id': recording.id, 'x-replay-chunks': chunks },
});

function openai(): OpenAI {
  return new OpenAI({
    apiKey: PROVIDER_KEY,
    baseURL: `${headgate.origin}/v1/local/default/openai`,
    defaultHeaders: gatewayHeaders(),
    maxRetries: 0,
  });
}
function anthropic(): Anthropic {
  return new Anthropic({
    apiKey: PROVIDER_KEY,
    baseURL: `${headgate.origin}/v1/local/default/anthropic`,
    defaultHeaders: gatewayHeaders(),
    maxRetries: 0,
  });
}
function google(recording: Recording, chunks = 'whole'): GoogleGenAI {
  return new GoogleGenAI({
    apiKey: PROVIDER_KEY,
    httpOptions: {
      baseUrl: `${headgate.origin}/v1/local/default/google-ai-studio`,
      headers: { ...gatewayHeaders(), ...replay(recording, chunks).headers },
    },
  });
}

const ask = { model: 'asked-model', messages: [{ role: 'user' as const, content: 'Hi' }] };

interface LogRow {
  id: string;
  tokens_in: number | null;
  tokens_out: number | null;
  model: string;
  success: boolean;
  outcome: string;
}

/** The row of the last call of this test, as soon as it is readable. */
async function rowOfCall(): Promise<LogRow> {
  const filters = encodeURIComponent(JSON.stringify([{ key: 'event_id', operator: 'eq', value: [eventId] }]));
  const until = performance.now() + 5000;
  while (performance.now() < until) {
    const answer = await headgate.api('GET', `ai-gateway/gateways/default/logs?per_page=1&filters=${filters}`);
    const row = ((await answer.json()) as { result?: LogRow[] }).result?.[0];
    if (row !== undefined) return row;
  }
  throw new Error('the row did not come');
}

function expectUsage(row: LogRow, { expected }: Recording): void {
  expect({ in: row.tokens_in, out: row.tokens_out, success: row.success }).toEqual({
    in: expected.tokens_in,
    out: expected.tokens_out,
    success: true,
  });
  if (expected.model !== null) expect(row.model).toBe(expected.model);
}

describe('openai', () => {
  test('plain chat', async () => {
    const recording = pick('openai-chat', (r) => plain(r) && withText(r) && r.provider === 'openai');
    const answer = await openai().chat.completions.create(ask, replay(recording));
    expect(answer.choices[0]?.message.content ?? null).toBe(recording.expected.text);
    expectUsage(await rowOfCall(), recording);
  });

  test.each(['events', 'byte'])('streamed chat, fed by %s', async (chunks) => {
    const recording = pick(
      'openai-chat',
      (r) => streamed(r) && withText(r) && r.provider === 'openai' && r.expected.tokens_in !== null,
    );
    const stream = await openai().chat.completions.create({ ...ask, stream: true }, replay(recording, chunks));
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
    expect(text).toBe(recording.expected.text ?? '');
    expectUsage(await rowOfCall(), recording);
  });

  test('tools, plain and streamed', async () => {
    const whole = pick('openai-chat', (r) => plain(r) && withTools(r) && r.provider === 'openai');
    const answer = await openai().chat.completions.create(ask, replay(whole));
    expect(answer.choices[0]?.message.tool_calls?.map((call) => call.id)).toEqual(
      whole.expected.tool_calls.map((call) => call.id ?? ''),
    );
    const pieces = pick('openai-chat', (r) => streamed(r) && withTools(r) && r.provider === 'openai');
    const stream = openai().chat.completions.stream({ ...ask, stream: true }, replay(pieces, 'events'));
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls?.map((call) => call.id)).toEqual(
      pieces.expected.tool_calls.map((call) => call.id ?? ''),
    );
  });

  test('responses, plain and streamed', async () => {
    const whole = pick('openai-responses', (r) => plain(r) && withText(r) && r.provider === 'openai');
    const answer = await openai().responses.create({ model: 'asked-model', input: 'Hi' }, replay(whole));
    expect(answer.output_text).toBe(whole.expected.text ?? '');
    const pieces = pick('openai-responses', (r) => streamed(r) && withText(r) && r.provider === 'openai');
    eventId = crypto.randomUUID();
    const stream = await openai().responses.create(
      { model: 'asked-model', input: 'Hi', stream: true },
      replay(pieces, 'random:7'),
    );
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toContain((pieces.expected.text ?? '').slice(0, 20));
    expectUsage(await rowOfCall(), pieces);
  });

  test('a provider’s error keeps its status and message', async () => {
    const recording = pick('openai-chat', (r) => r.response.status >= 400 && r.provider === 'openai');
    const failing = openai().chat.completions.create(ask, replay(recording));
    const error = await failing.then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect((error as InstanceType<typeof OpenAI.APIError>).status).toBe(recording.response.status);
    expect((error as Error).message).toContain((recording.expected.error?.message ?? '').slice(0, 40));
  });

  test('a stream that is left is logged as cancelled', async () => {
    const sandbox = new OpenAI({
      apiKey: headgate.adminToken,
      baseURL: `${headgate.origin}/v1/local/default/sandbox/v1`,
      defaultHeaders: { 'cf-aig-event-id': eventId },
    });
    const stream = await sandbox.chat.completions.create({ ...ask, model: 'stall', stream: true });
    for await (const _chunk of stream) break;
    stream.controller.abort();
    expect((await rowOfCall()).outcome).toBe('cancelled');
  });

  test('200 at once', async () => {
    const recording = pick('openai-chat', (r) => streamed(r) && withText(r) && r.provider === 'openai');
    const one = async () => {
      const stream = await openai().chat.completions.create({ ...ask, stream: true }, replay(recording, 'events'));
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
      return text;
    };
    const texts = await Promise.all(Array.from({ length: 200 }, one));
    expect(new Set(texts)).toEqual(new Set([recording.expected.text ?? '']));
  });
});

describe('anthropic', () => {
  test('plain', async () => {
    const recording = pick('anthropic-messages', (r) => plain(r) && withText(r));
    const answer = await anthropic().messages.create({ ...ask, max_tokens: 10 }, replay(recording));
    const text = answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    expect(text).toBe(recording.expected.text ?? '');
    expectUsage(await rowOfCall(), recording);
  });

  test('streamed', async () => {
    const recording = pick('anthropic-messages', (r) => streamed(r) && withText(r));
    const stream = anthropic().messages.stream({ ...ask, max_tokens: 10 }, replay(recording, 'n:17'));
    const final = await stream.finalMessage();
    expect(final.content.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(
      recording.expected.text ?? '',
    );
    expectUsage(await rowOfCall(), recording);
  });

  test('tools', async () => {
    const recording = pick('anthropic-messages', (r) => plain(r) && withTools(r));
    const answer = await anthropic().messages.create({ ...ask, max_tokens: 10 }, replay(recording));
    const calls = answer.content.filter((block) => block.type === 'tool_use').map((block) => block.id);
    expect(calls).toEqual(recording.expected.tool_calls.map((call) => call.id ?? ''));
  });

  test('a provider’s error keeps its status', async () => {
    const recording = pick('anthropic-messages', (r) => r.response.status >= 400);
    const error = await anthropic()
      .messages.create({ ...ask, max_tokens: 10 }, replay(recording))
      .then(
        () => null,
        (caught: unknown) => caught,
      );
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect((error as InstanceType<typeof Anthropic.APIError>).status).toBe(recording.response.status);
  });

  test('200 at once', async () => {
    const recording = pick('anthropic-messages', (r) => plain(r) && withText(r));
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => anthropic().messages.create({ ...ask, max_tokens: 10 }, replay(recording))),
    );
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
  });
});

describe('google', () => {
  test('plain', async () => {
    const recording = pick('gemini', (r) => plain(r) && withText(r) && r.kind === 'generateContent');
    const answer = await google(recording).models.generateContent({ model: 'asked-model', contents: 'Hi' });
    expect(answer.text).toBe(recording.expected.text ?? '');
    expectUsage(await rowOfCall(), recording);
  });

  test('streamed', async () => {
    const recording = pick('gemini', (r) => streamed(r) && withText(r) && r.kind === 'generateContent');
    const stream = await google(recording, 'events').models.generateContentStream({
      model: 'asked-model',
      contents: 'Hi',
    });
    let text = '';
    for await (const chunk of stream) text += chunk.text ?? '';
    expect(text).toBe(recording.expected.text ?? '');
    expectUsage(await rowOfCall(), recording);
  });
});

test('the provider got its own key, and never ours', () => {
  expect(upstream.requests.length).toBeGreaterThan(400);
  for (const request of upstream.requests) {
    const head = JSON.stringify([request.url, request.headers]);
    expect(head).toContain(PROVIDER_KEY);
    expect(head).not.toContain(headgate.adminToken);
    expect(head.toLowerCase()).not.toContain('cf-aig-');
  }
});

test('no key was printed', () => {
  expect(headgate.output()).not.toContain(PROVIDER_KEY);
});
