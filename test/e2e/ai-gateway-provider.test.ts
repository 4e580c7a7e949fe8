import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { generateText, streamText } from 'ai';
import { AiGatewayDoesNotExist, AiGatewayUnauthorizedError, createAiGateway } from 'ai-gateway-provider';
import { createAmazonBedrock } from 'ai-gateway-provider/providers/amazon-bedrock';
import { createAnthropic } from 'ai-gateway-provider/providers/anthropic';
import { createAzure } from 'ai-gateway-provider/providers/azure';
import { createCerebras } from 'ai-gateway-provider/providers/cerebras';
import { createCohere } from 'ai-gateway-provider/providers/cohere';
import { createDeepSeek } from 'ai-gateway-provider/providers/deepseek';
import { createFireworks } from 'ai-gateway-provider/providers/fireworks';
import { createGoogleGenerativeAI } from 'ai-gateway-provider/providers/google';
import { createVertex } from 'ai-gateway-provider/providers/google-vertex';
import { createGroq } from 'ai-gateway-provider/providers/groq';
import { createMistral } from 'ai-gateway-provider/providers/mistral';
import { createOpenAI } from 'ai-gateway-provider/providers/openai';
import { createOpenRouter } from 'ai-gateway-provider/providers/openrouter';
import { createPerplexity } from 'ai-gateway-provider/providers/perplexity';
import { createXai } from 'ai-gateway-provider/providers/xai';
import { gatewayBody } from '../support/builders.ts';
import { type CannedUpstream, recorded, startCannedUpstream } from '../support/canned-upstream.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { loadRecordings, type Recording } from '../support/recordings.ts';

/** Cloudflare's provider for the AI SDK, unmodified: every factory it has, against a real server. */

const SLUGS = [
  'openai',
  'anthropic',
  'google-ai-studio',
  'google-vertex-ai',
  'groq',
  'deepseek',
  'grok',
  'mistral',
  'perplexity-ai',
  'cohere',
  'cerebras',
  'aws-bedrock',
  'openrouter',
  'fireworks',
  'azure-openai',
] as const;
const KEY = 'sk-canary-of-the-provider';
const recordings = await loadRecordings(join(import.meta.dir, '../fixtures/recordings'));
const realFetch = globalThis.fetch;
let headgate: Headgate;
let upstream: CannedUpstream;

beforeAll(async () => {
  upstream = startCannedUpstream();
  const bases = Object.fromEntries(SLUGS.map((slug) => [slug, `${upstream.url}/${slug}`]));
  headgate = await startHeadgate({ env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify(bases) } });
  await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('g', { authentication: true }));
  await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('keys', { authentication: true }));
});
afterAll(async () => {
  await headgate.stop();
  await upstream.stop();
});
/** The package knows one host only: what it sends there goes to the server under test. */
beforeEach(() => {
  globalThis.fetch = ((input: Request | string | URL, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : String(input);
    const ours = url.replace('https://gateway.ai.cloudflare.com', headgate.origin);
    return realFetch(input instanceof Request ? new Request(ours, input) : ours, init);
  }) as typeof fetch;
});
afterEach(() => {
  globalThis.fetch = realFetch;
});

const gateway = (options: object = {}, id = 'g') =>
  createAiGateway({ accountId: 'local', gateway: id, apiKey: headgate.adminToken, options });
/** The same through a Workers binding, which sends its options within each step. */
const bound = (options: object = {}) =>
  createAiGateway({
    binding: {
      run: (entries: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        realFetch(`${headgate.origin}/v1/local/g`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${headgate.adminToken}` },
          body: JSON.stringify(entries),
          ...(signal === undefined ? {} : { signal }),
        }),
    },
    options,
  } as Parameters<typeof createAiGateway>[0]);
const once = { maxRetries: 0 };

function pick(provider: string, dialect: string, streamed: boolean): Recording {
  const fits = (r: Recording) =>
    r.dialect === dialect &&
    (r.stream_format !== null) === streamed &&
    r.response.status === 200 &&
    (r.expected.text ?? '') !== '' &&
    r.expected.tool_calls.length === 0 &&
    r.expected.tokens_out !== null &&
    // Some clients refuse parts of what their provider, or the one they imitate, really sends.
    (streamed || !/citation|"type":\s*"reasoning"/.test(r.response.body));
  const found = recordings.find((r) => r.provider === provider && fits(r)) ?? recordings.find(fits);
  if (found === undefined) throw new Error(`no ${dialect} recording of ${provider}`);
  return found;
}

interface Row {
  id: string;
  provider: string;
  success: boolean;
  step: number;
  tokens_in: number | null;
  tokens_out: number | null;
  metadata: string | null;
  byok: boolean;
  cached: boolean;
  request_type: string;
}
/** The newest rows, once there are so many of this event. */
async function rowsOf(eventId: string, count: number, id = 'g'): Promise<Row[]> {
  const filters = encodeURIComponent(JSON.stringify([{ key: 'event_id', operator: 'eq', value: [eventId] }]));
  const until = performance.now() + 5000;
  while (performance.now() < until) {
    const answer = await headgate.api(
      'GET',
      `ai-gateway/gateways/${id}/logs?order_by_direction=asc&filters=${filters}`,
    );
    const rows = ((await answer.json()) as { result: Row[] }).result;
    if (rows.length >= count) return rows;
  }
  throw new Error('the rows did not come');
}

interface Factory {
  slug: (typeof SLUGS)[number];
  make: (key?: string) => LanguageModelV4;
  dialect: string;
  /** Where the recordings come from, where not from the provider itself. */
  from?: string;
  plain: string;
  stream?: string;
  header: [name: string, value: string];
  /** The package takes the key off even when one was given: it counts on a stored one. */
  keyless?: boolean;
}
const bearer: Factory['header'] = ['authorization', `Bearer ${KEY}`];
const apiKey = (key?: string) => (key === undefined ? {} : { apiKey: key });
const FACTORIES: [name: string, Factory][] = [
  [
    'openai, Responses',
    {
      slug: 'openai',
      make: (k) => createOpenAI(apiKey(k))('gpt-4o'),
      dialect: 'openai-responses',
      plain: 'responses',
      header: bearer,
    },
  ],
  [
    'openai, chat',
    {
      slug: 'openai',
      make: (k) => createOpenAI(apiKey(k)).chat('gpt-4o'),
      dialect: 'openai-chat',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'anthropic',
    {
      slug: 'anthropic',
      make: (k) => createAnthropic(apiKey(k))('claude-sonnet-4-5'),
      dialect: 'anthropic-messages',
      plain: 'v1/messages',
      header: ['x-api-key', KEY],
    },
  ],
  [
    'google',
    {
      slug: 'google-ai-studio',
      make: (k) => createGoogleGenerativeAI(apiKey(k))('gemini-2.5-flash'),
      dialect: 'gemini',
      plain: 'v1beta/models/gemini-2.5-flash:generateContent',
      stream: 'v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      header: ['x-goog-api-key', KEY],
    },
  ],
  [
    'vertex with an API key',
    {
      slug: 'google-vertex-ai',
      make: (k) => createVertex(apiKey(k ?? KEY))('gemini-2.5-flash'),
      dialect: 'gemini',
      plain: 'v1/publishers/google/models/gemini-2.5-flash:generateContent',
      stream: 'v1/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      header: ['x-goog-api-key', KEY],
      keyless: true,
    },
  ],
  [
    'groq',
    {
      slug: 'groq',
      make: (k) => createGroq(apiKey(k))('m'),
      dialect: 'openai-chat',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'deepseek',
    {
      slug: 'deepseek',
      make: (k) => createDeepSeek(apiKey(k))('deepseek-chat'),
      dialect: 'openai-chat',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'xai',
    {
      slug: 'grok',
      make: (k) => createXai(apiKey(k))('grok-4'),
      dialect: 'openai-responses',
      from: 'openai',
      plain: 'v1/responses',
      header: bearer,
    },
  ],
  [
    'mistral',
    {
      slug: 'mistral',
      make: (k) => createMistral(apiKey(k))('mistral-small-latest'),
      dialect: 'openai-chat',
      plain: 'v1/chat/completions',
      header: bearer,
    },
  ],
  [
    'perplexity',
    {
      slug: 'perplexity-ai',
      make: (k) => createPerplexity(apiKey(k))('sonar'),
      dialect: 'openai-chat',
      from: 'openai',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'cohere',
    {
      slug: 'cohere',
      make: (k) => createCohere(apiKey(k))('command-r'),
      dialect: 'cohere-v2',
      plain: 'v2/chat',
      header: bearer,
    },
  ],
  [
    'cerebras',
    {
      slug: 'cerebras',
      make: (k) => createCerebras(apiKey(k))('llama3.1-8b'),
      dialect: 'openai-chat',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'bedrock',
    {
      slug: 'aws-bedrock',
      make: (k) => createAmazonBedrock({ region: 'us-east-1', ...apiKey(k) })('amazon.nova-lite-v1:0'),
      dialect: 'bedrock-converse',
      plain: 'model/amazon.nova-lite-v1%3A0/converse',
      stream: 'model/amazon.nova-lite-v1%3A0/converse-stream',
      header: bearer,
      keyless: true,
    },
  ],
  [
    'openrouter',
    {
      slug: 'openrouter',
      make: (k) => createOpenRouter(apiKey(k)).chat('openai/gpt-4o') as unknown as LanguageModelV4,
      dialect: 'openai-chat',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'fireworks',
    {
      slug: 'fireworks',
      make: (k) => createFireworks(apiKey(k))('accounts/fireworks/models/llama-v3p1-8b-instruct'),
      dialect: 'openai-chat',
      from: 'openai',
      plain: 'chat/completions',
      header: bearer,
    },
  ],
  [
    'azure',
    {
      slug: 'azure-openai',
      make: (k) =>
        createAzure({ resourceName: 'res', apiVersion: '2024-10-21', useDeploymentBasedUrls: true, ...apiKey(k) }).chat(
          'dep',
        ),
      dialect: 'openai-chat',
      plain: 'chat/completions?api-version=2024-10-21',
      header: ['api-key', KEY],
    },
  ],
];

/** What no provider may see: our token, and anything meant for the gateway. */
function expectClean(): void {
  for (const { path, headers, bytes } of upstream.asked) {
    const all = `${path}\n${JSON.stringify(headers)}\n${new TextDecoder().decode(bytes)}`;
    expect(all).not.toContain(headgate.adminToken);
    expect(all).not.toContain('CF_TEMP_TOKEN');
    expect(Object.keys(headers).filter((name) => name.startsWith('cf-'))).toEqual([]);
  }
}

describe.each(FACTORIES)(
  '%s',
  (_name, { slug, make, dialect, from = slug, plain, stream = plain, header, keyless = false }) => {
    const [headerName, headerValue] = header;

    test('plain', async () => {
      const recording = pick(from, dialect, false);
      upstream.put(recorded(recording));
      const eventId = crypto.randomUUID();
      const { text } = await generateText({ model: gateway({ eventId })(make(KEY)), prompt: 'Hi', ...once });
      expect(text).toBe(recording.expected.text ?? '');
      expect(upstream.asked.map(({ method, path }) => [method, path])).toEqual([['POST', `/${slug}/${plain}`]]);
      expect(upstream.asked[0]?.headers[headerName]).toBe(keyless ? undefined : headerValue);
      expectClean();
      const [row] = await rowsOf(eventId, 1);
      expect(row).toMatchObject({
        provider: slug,
        success: true,
        step: 0,
        request_type: 'universal',
        tokens_in: recording.expected.tokens_in,
        tokens_out: recording.expected.tokens_out,
      });
    });

    test('streamed, through a binding', async () => {
      const recording = pick(from, dialect, true);
      upstream.put(recorded(recording));
      const result = streamText({ model: bound()(make(KEY)), prompt: 'Hi', ...once });
      let text = '';
      for await (const piece of result.textStream) text += piece;
      expect(text).toBe(recording.expected.text ?? '');
      expect(upstream.asked.map(({ path }) => path)).toEqual([`/${slug}/${stream}`]);
      expectClean();
    });

    test('with a stored key the request brings none, and the key is put on', async () => {
      const secret = slug === 'google-vertex-ai' ? `AIza${'x'.repeat(35)}` : KEY;
      const stored = await headgate.api('POST', 'ai-gateway/gateways/keys/provider_configs', {
        alias: `of-${dialect}`,
        default_config: false,
        provider_slug: slug,
        secret,
      });
      expect(stored.status).toBe(200);
      // Vertex without a key of its own signs in with Google, which the package leaves to a patched dependency.
      if (slug === 'google-vertex-ai') return;
      const recording = pick(from, dialect, false);
      upstream.put(recorded(recording));
      const eventId = crypto.randomUUID();
      const model = gateway({ eventId, byokAlias: `of-${dialect}` }, 'keys')(make());
      expect((await generateText({ model, prompt: 'Hi', ...once })).text).toBe(recording.expected.text ?? '');
      expect(upstream.asked[0]?.headers[headerName]).toBe(headerValue);
      expectClean();
      expect((await rowsOf(eventId, 1, 'keys'))[0]).toMatchObject({ byok: true, success: true });
    });
  },
);

describe('fallbacks', () => {
  const openai = () => createOpenAI({ apiKey: KEY }).chat('gpt-4o');
  const claude = () => createAnthropic({ apiKey: KEY })('claude-sonnet-4-5');
  const failing = (status: number) => ({
    status,
    body: JSON.stringify({ error: { message: `no ${status}`, type: 'x' } }),
  });

  test.each([500, 429, 401])(
    'after a %d the next model answers, and is the one that reads the answer',
    async (status) => {
      const recording = pick('anthropic', 'anthropic-messages', false);
      upstream.put(failing(status), recorded(recording));
      const eventId = crypto.randomUUID();
      const { text } = await generateText({ model: gateway({ eventId })([openai(), claude()]), prompt: 'Hi', ...once });
      expect(text).toBe(recording.expected.text ?? '');
      expect(upstream.asked.map(({ path }) => path)).toEqual(['/openai/chat/completions', '/anthropic/v1/messages']);
      const rows = await rowsOf(eventId, 2);
      expect(rows.map(({ step, success, provider }) => [step, success, provider])).toEqual([
        [0, false, 'openai'],
        [1, true, 'anthropic'],
      ]);
    },
  );

  test('streams, too', async () => {
    const recording = pick('openai', 'openai-chat', true);
    upstream.put(failing(503), recorded(recording));
    const result = streamText({ model: gateway()([claude(), openai()]), prompt: 'Hi', ...once });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    expect(text).toBe(recording.expected.text ?? '');
  });

  test('when all fail, the last one’s own error comes back', async () => {
    upstream.put(failing(500), {
      status: 529,
      body: '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
    });
    const failed = generateText({ model: gateway()([openai(), claude()]), prompt: 'Hi', ...once });
    expect(failed).rejects.toMatchObject({ name: 'AI_APICallError', statusCode: 529, message: 'busy' });
    await failed.catch(() => undefined);
  });

  test('retries come before the next model', async () => {
    const recording = pick('anthropic', 'anthropic-messages', false);
    upstream.put(failing(500), failing(500), recorded(recording));
    const retries = { maxAttempts: 1, retryDelayMs: 1, backoff: 'constant' };
    const { text } = await generateText({ model: gateway({ retries })([openai(), claude()]), prompt: 'Hi', ...once });
    expect(text).toBe(recording.expected.text ?? '');
    expect(upstream.asked.map(({ path }) => path)).toEqual([
      '/openai/chat/completions',
      '/openai/chat/completions',
      '/anthropic/v1/messages',
    ]);
  });
});

describe('errors that the package knows', () => {
  const model = () => createOpenAI({ apiKey: KEY }).chat('gpt-4o');

  test('an unknown gateway', async () => {
    const asked = generateText({ model: gateway({}, 'nobody')(model()), prompt: 'Hi', ...once });
    expect(await asked.catch((error) => error)).toBeInstanceOf(AiGatewayDoesNotExist);
  });

  test.each([undefined, 'hg_not-a-token'])('a token that may not: %s', async (token) => {
    const settings = { accountId: 'local', gateway: 'g', ...(token === undefined ? {} : { apiKey: token }) };
    const asked = generateText({ model: createAiGateway(settings)(model()), prompt: 'Hi', ...once });
    expect(await asked.catch((error) => error)).toBeInstanceOf(AiGatewayUnauthorizedError);
  });
});

describe('options', () => {
  const recording = pick('openai', 'openai-chat', false);
  const chat = () => createOpenAI({ apiKey: KEY }).chat('gpt-4o');

  test.each([
    ['on the request', gateway],
    ['within the steps', bound],
  ])('metadata, event id and log switch arrive %s', async (_where, make) => {
    upstream.put(recorded(recording));
    const eventId = crypto.randomUUID();
    const options = { eventId, metadata: { user: 'u1', big: 10n, paid: true } };
    await generateText({ model: make(options)(chat()), prompt: 'Hi', ...once });
    const [row] = await rowsOf(eventId, 1);
    expect(JSON.parse(row?.metadata ?? '')).toEqual({ user: 'u1', big: '10', paid: true });
    await generateText({ model: make({ eventId, collectLog: false })(chat()), prompt: 'Hi', ...once });
    await generateText({ model: make({ eventId })(chat()), prompt: 'Hi', ...once });
    expect(await rowsOf(eventId, 2)).toHaveLength(2);
  });

  test('a cache key makes the second call a hit; skipCache asks anew', async () => {
    upstream.put(recorded(recording));
    const cacheKey = crypto.randomUUID();
    const ask = (more: object = {}) =>
      generateText({ model: gateway({ cacheKey, cacheTtl: 60, ...more })(chat()), prompt: 'Hi', ...once });
    const texts = [await ask(), await ask(), await ask({ skipCache: true })].map(({ text }) => text);
    expect(texts).toEqual([1, 2, 3].map(() => recording.expected.text ?? ''));
    expect(upstream.asked).toHaveLength(2);
  });

  test('a timeout moves on to the next model', async () => {
    const answer = pick('anthropic', 'anthropic-messages', false);
    const silent = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => undefined) });
    await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('slow'));
    upstream.put(recorded(answer));
    const bases = { openai: silent.url.href.replace(/\/$/, ''), anthropic: `${upstream.url}/anthropic` };
    const other = await startHeadgate({ env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify(bases) } });
    try {
      const model = createAiGateway({
        binding: {
          run: (entries: unknown) =>
            realFetch(`${other.origin}/v1/local/default`, {
              method: 'POST',
              headers: { 'cf-aig-authorization': `Bearer ${other.adminToken}` },
              body: JSON.stringify(entries),
            }),
        },
        options: { requestTimeoutMs: 50 },
      } as Parameters<typeof createAiGateway>[0])([chat(), createAnthropic({ apiKey: KEY })('claude-sonnet-4-5')]);
      expect((await generateText({ model, prompt: 'Hi', ...once })).text).toBe(answer.expected.text ?? '');
    } finally {
      await other.stop();
      await silent.stop(true);
    }
  });
});
