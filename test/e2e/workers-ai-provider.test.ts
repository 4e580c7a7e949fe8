import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  embedMany,
  generateImage,
  generateSpeech,
  generateText,
  jsonSchema,
  rerank,
  streamText,
  tool,
  transcribe,
} from 'ai';
import { createWorkersAI } from 'workers-ai-provider';
import { gatewayBody } from '../support/builders.ts';
import { type CannedUpstream, startCannedUpstream } from '../support/canned-upstream.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** Cloudflare's Workers AI provider for the AI SDK, unmodified, with a gateway set: it speaks plain Workers AI through it. */

const OPERATOR_KEY = 'cf-token-of-the-operator';
const CHAT = '@cf/meta/llama-3.1-8b-instruct';
let headgate: Headgate;
let upstream: CannedUpstream;

beforeAll(async () => {
  upstream = startCannedUpstream();
  headgate = await startHeadgate({
    env: {
      HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ 'workers-ai': `${upstream.url}/ai` }),
      HEADGATE_PROVIDER_KEYS: JSON.stringify({ 'workers-ai': OPERATOR_KEY }),
    },
  });
  await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('open', { authentication: false }));
  await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('closed', { authentication: true }));
});
afterAll(async () => {
  await headgate.stop();
  await upstream.stop();
});

/** What the package sends to its one host goes to the server under test. */
const toHeadgate = ((url: string | URL | Request, init?: RequestInit) =>
  fetch(String(url).replace('https://gateway.ai.cloudflare.com', headgate.origin), init)) as typeof fetch;
const workersAi = (apiKey: string, id = 'open', gateway: object = {}) =>
  createWorkersAI({ accountId: 'local', apiKey, gateway: { id, ...gateway }, fetch: toHeadgate });
const once = { maxRetries: 0 };
const result = (value: unknown) => ({
  body: JSON.stringify({ result: value, success: true, errors: [], messages: [] }),
});
const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
const only = () => {
  expect(upstream.asked).toHaveLength(1);
  const [asked] = upstream.asked;
  if (asked === undefined) throw new Error('nothing was asked');
  return asked;
};
/** The next row that a test's calls write and that has these fields. */
async function expectRow(fields: Record<string, unknown>, id = 'open'): Promise<void> {
  const until = performance.now() + 5000;
  let rows: Record<string, unknown>[] = [];
  while (performance.now() < until) {
    const answer = await headgate.api('GET', `ai-gateway/gateways/${id}/logs?per_page=5`);
    rows = ((await answer.json()) as { result: Record<string, unknown>[] }).result;
    const isNew = (row: Record<string, unknown>) => String(row.created_at) >= startedAt;
    if (rows.some((row) => isNew(row) && Bun.deepMatch(fields, row))) return;
  }
  expect(rows).toContainEqual(expect.objectContaining(fields));
}
let startedAt = '';
beforeEach(() => {
  startedAt = new Date().toISOString();
});

describe('whose token', () => {
  test('a Workers AI token passes through an open gateway', async () => {
    upstream.put(result({ response: 'hello', usage: USAGE }));
    const { text, usage } = await generateText({ model: workersAi('cf-mine')(CHAT), prompt: 'Hi', ...once });
    expect([text, usage.inputTokens, usage.outputTokens]).toEqual(['hello', 12, 3]);
    const { path, headers } = only();
    expect([path, headers.authorization]).toEqual([`/ai/run/${CHAT}`, 'Bearer cf-mine']);
  });

  test('a token of the gateway lets in where a token is needed, and the operator’s key goes up in its place', async () => {
    upstream.put(result({ response: 'hello', usage: USAGE }));
    const model = workersAi(headgate.adminToken, 'closed')(CHAT);
    expect((await generateText({ model, prompt: 'Hi', ...once })).text).toBe('hello');
    expect(only().headers.authorization).toBe(`Bearer ${OPERATOR_KEY}`);
    await expectRow({ wholesale: true, tokens_in: 12, tokens_out: 3, model: CHAT }, 'closed');
  });

  test('a stored key goes before the operator’s', async () => {
    await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('stored', { authentication: true }));
    await headgate.api('POST', 'ai-gateway/gateways/stored/provider_configs', {
      alias: 'default',
      default_config: true,
      provider_slug: 'workers-ai',
      secret: 'cf-stored',
    });
    upstream.put(result({ response: 'hello' }));
    await generateText({ model: workersAi(headgate.adminToken, 'stored')(CHAT), prompt: 'Hi', ...once });
    expect(only().headers.authorization).toBe('Bearer cf-stored');
  });

  test('any other token is refused there', async () => {
    const asked = generateText({ model: workersAi('cf-mine', 'closed')(CHAT), prompt: 'Hi', ...once });
    expect(await asked.catch((error) => error)).toMatchObject({ statusCode: 401 });
  });
});

describe('chat', () => {
  test('streamed, with usage', async () => {
    const events = ['hel', 'lo'].map((response) => `data: ${JSON.stringify({ response })}\n\n`);
    const last = `data: ${JSON.stringify({ response: '', usage: USAGE })}\n\ndata: [DONE]\n\n`;
    upstream.put({ headers: { 'content-type': 'text/event-stream' }, body: events.join('') + last });
    const stream = streamText({ model: workersAi('cf-mine')(CHAT), prompt: 'Hi', ...once });
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    expect([text, (await stream.usage).outputTokens]).toEqual(['hello', 3]);
    expect(only().body).toMatchObject({ stream: true });
    await expectRow({ streamed: true, tokens_in: 12, tokens_out: 3 });
  });

  test('a JSON answer to a stream request makes the client ask again, and both calls are logged', async () => {
    upstream.put(result({ response: 'hello', usage: USAGE }));
    const stream = streamText({ model: workersAi('cf-mine')(CHAT), prompt: 'Hi', ...once });
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    expect(text).toBe('hello');
    expect(upstream.asked.map(({ body }) => (body as { stream?: boolean }).stream ?? false)).toEqual([true, false]);
  });

  test('tools', async () => {
    upstream.put(result({ response: '', tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] }));
    const inputSchema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } });
    const { toolCalls } = await generateText({
      model: workersAi('cf-mine')(CHAT),
      prompt: 'Weather?',
      tools: { weather: tool({ inputSchema }) },
      ...once,
    });
    expect(toolCalls.map(({ toolName, input }) => [toolName, input])).toEqual([['weather', { city: 'Oslo' }]]);
    expect(only().body).toMatchObject({ tools: [{ function: { name: 'weather' } }] });
  });

  test('cache options and metadata work', async () => {
    upstream.put(result({ response: 'hello', usage: USAGE }));
    const options = { cacheKey: crypto.randomUUID(), cacheTtl: 60, metadata: { user: 'u1' } };
    const model = workersAi('cf-mine', 'open', options)(CHAT);
    const texts = [];
    for (let i = 0; i < 2; i++) texts.push((await generateText({ model, prompt: 'Hi', ...once })).text);
    expect(texts).toEqual(['hello', 'hello']);
    expect(upstream.asked).toHaveLength(1);
    await expectRow({ cached: true, cost: 0, metadata: '{"user":"u1"}' });
  });

  test.each([
    [429, 3040],
    [404, 3042],
    [500, 3043],
  ])('an error of Workers AI comes through: %d', async (status, code) => {
    upstream.put({ status, body: JSON.stringify({ success: false, errors: [{ code, message: 'no' }] }) });
    const asked = generateText({ model: workersAi('cf-mine')(CHAT), prompt: 'Hi', ...once });
    expect(await asked.catch((error) => error)).toMatchObject({ name: 'AI_APICallError', statusCode: status });
    await expectRow({ success: false, status_code: status });
  });
});

describe('other tasks', () => {
  test('embeddings', async () => {
    upstream.put(
      result({
        shape: [2, 2],
        data: [
          [1, 2],
          [3, 4],
        ],
      }),
    );
    const model = workersAi('cf-mine').textEmbeddingModel('@cf/baai/bge-base-en-v1.5');
    expect((await embedMany({ model, values: ['a', 'b'], ...once })).embeddings).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(only()).toMatchObject({ path: '/ai/run/@cf/baai/bge-base-en-v1.5', body: { text: ['a', 'b'] } });
  });

  test('images', async () => {
    upstream.put(result({ image: Buffer.from('picture').toString('base64') }));
    const model = workersAi('cf-mine').image('@cf/black-forest-labs/flux-1-schnell');
    const { image } = await generateImage({ model, prompt: 'a cat', ...once });
    expect(Buffer.from(image.uint8Array).toString()).toBe('picture');
  });

  test('speech: bytes come through as they are', async () => {
    const sound = new Uint8Array([0, 255, 1, 254, 13, 10]);
    upstream.put({ headers: { 'content-type': 'audio/mpeg' }, body: sound });
    const model = workersAi('cf-mine').speech('@cf/deepgram/aura-1');
    const { audio } = await generateSpeech({ model, text: 'hello', ...once });
    expect(audio.uint8Array).toEqual(sound);
  });

  test('transcription', async () => {
    upstream.put(result({ text: 'hello world' }));
    const model = workersAi('cf-mine').transcription('@cf/openai/whisper');
    const { text } = await transcribe({ model, audio: new Uint8Array([82, 73, 70, 70]), ...once });
    expect(text).toBe('hello world');
    expect(only().body).toMatchObject({ audio: [82, 73, 70, 70] });
  });

  test('reranking', async () => {
    upstream.put(
      result({
        response: [
          { id: 1, score: 0.9 },
          { id: 0, score: 0.1 },
        ],
      }),
    );
    const model = workersAi('cf-mine').reranking('@cf/baai/bge-reranker-base');
    const { ranking } = await rerank({ model, query: 'q', documents: ['a', 'b'], ...once });
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0]);
  });
});
