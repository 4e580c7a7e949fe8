/** Rows as a busy gateway has them, the same in every run. */
import { emptyUsage } from '../packages/server/src/formats/index.ts';
import { uuidV7Source } from '../packages/server/src/lib/index.ts';
import type { LogBodies, LogRecord } from '../packages/server/src/stores/log-ports.ts';

export const DAY_MS = 86_400_000;
export const FIRST_MS = Date.UTC(2026, 0, 1);
/** All rows lie in so much time from `FIRST_MS` on. */
export const SPAN_MS = 30 * DAY_MS;

let seed = 42;

const MODELS = [
  { provider: 'openai', model: 'gpt-5-mini', path: 'chat/completions', inPico: 250_000, outPico: 2_000_000 },
  { provider: 'openai', model: 'gpt-5', path: 'responses', inPico: 1_250_000, outPico: 10_000_000 },
  { provider: 'openai', model: 'text-embedding-3-small', path: 'embeddings', inPico: 20_000, outPico: 0 },
  { provider: 'anthropic', model: 'claude-sonnet-4-5', path: 'v1/messages', inPico: 3_000_000, outPico: 15_000_000 },
  { provider: 'anthropic', model: 'claude-haiku-4-5', path: 'v1/messages', inPico: 1_000_000, outPico: 5_000_000 },
  {
    provider: 'google-ai-studio',
    model: 'gemini-2.5-flash',
    path: 'v1beta/models/gemini-2.5-flash:generateContent',
    inPico: 300_000,
    outPico: 2_500_000,
  },
  {
    provider: 'aws-bedrock',
    model: 'meta.llama3-70b-instruct-v1:0',
    path: 'model/meta.llama3/converse',
    inPico: 720_000,
    outPico: 720_000,
  },
  { provider: 'groq', model: 'llama-3.3-70b-versatile', path: 'chat/completions', inPico: 590_000, outPico: 790_000 },
];
const AGENTS = [
  'OpenAI/Python 2.1.0',
  'OpenAI/JS 7.57.0',
  'Anthropic/Python 1.12.0',
  'ai-sdk/5.0.0',
  'curl/8.5.0',
  null,
];
const TEAMS = ['search', 'support', 'billing', 'research', 'growth', 'Platform'];

/** `count` rows in the order of time. */
export function* rows(gatewayKey: string, count: number): Generator<LogRecord> {
  seed = 42;
  const newId = uuidV7Source();
  for (let i = 0; i < count; i++) {
    const createdAtMs = FIRST_MS + Math.floor((i / count) * SPAN_MS);
    yield { ...makeRow(newId(createdAtMs), createdAtMs), gatewayKey };
  }
}

const WORDS = 'the of model answer token please summarize order customer refund shipping status number email thank you '
  .repeat(4)
  .split(' ');

/** Requests and answers of about `bytes` each, JSON around text that compresses as text does. */
export function bodyPool(bytes: number): LogBodies[] {
  const text = () => {
    let words = '';
    while (words.length < bytes - 120)
      words += `${random() < 0.3 ? Math.floor(random() * 1e6).toString(36) : pick(WORDS)} `;
    return words;
  };
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return Array.from({ length: 1024 }, (_, n) => ({
    request: encode({ model: 'gpt-5-mini', messages: [{ role: 'user', content: text() }], seed: n }),
    response: encode({ id: `chatcmpl-${n}`, choices: [{ index: 0, message: { role: 'assistant', content: text() } }] }),
    responseText: null,
  }));
}

/** What one calling application has in common over all its calls. */
const APPS = Array.from({ length: 200 }, () => ({
  ...pick(MODELS),
  userAgent: pick(AGENTS),
  team: pick(TEAMS),
  tagged: random() < 0.7,
  requestType: random() < 0.1 ? 'universal' : 'native',
  authentication: random() < 0.98,
  wholesale: random() < 0.1,
  byok: random() < 0.5,
  compatibilityMode: random() < 0.2,
}));

function makeRow(id: string, createdAtMs: number): LogRecord {
  const { inPico, outPico, team, tagged, ...app } = pick(APPS);
  const { model, path } = app;
  const dice = random();
  const failed = dice < 0.04;
  const cached = dice > 0.9;
  const streamed = random() < 0.5;
  const tokensIn = failed ? null : Math.floor(20 + 30_000 * random() ** 4);
  const tokensOut = failed || outPico === 0 ? null : Math.floor(1 + 2000 * random() ** 2);
  const durationMs = Math.round(50 + 30_000 * random() ** 3);
  const cacheRead = random() < 0.3 ? Math.floor((tokensIn ?? 0) / 2) : null;
  const price = BigInt((tokensIn ?? 0) * inPico + (tokensOut ?? 0) * outPico);
  return {
    ...app,
    id,
    eventId:
      random() < 0.95
        ? id
        : `${id.slice(0, 24)}${Math.floor(random() * 2 ** 48)
            .toString(16)
            .padStart(12, '0')}`,
    accountId: 'local',
    gatewayKey: '',
    createdAtMs,
    durationMs,
    latencyMs: failed ? null : Math.round(durationMs * (0.2 + 0.2 * random())),
    modelAsked: model,
    modelType: path === 'embeddings' ? 'embeddings' : 'chat',
    method: 'POST',
    requestContentType: 'application/json',
    responseContentType: streamed ? 'text/event-stream' : 'application/json',
    requestSize: Math.floor(300 + random() * 20_000),
    responseSize: Math.floor(200 + random() * 8000),
    statusCode: failed ? pick([400, 401, 429, 500, 503]) : 200,
    outcome: failed ? pick(['error', 'refused', 'cancelled', 'truncated'] as const) : 'success',
    cached,
    step: random() < 0.97 ? 0 : 1,
    tokensIn,
    tokensOut,
    usageSource: failed ? null : 'provider',
    usage: failed ? null : usageOf(tokensIn, tokensOut, cacheRead),
    costPico: failed ? null : cached ? 0n : price,
    savedPico: cached ? price : null,
    bill:
      failed || cached
        ? null
        : {
            source: 'list',
            version: '2026-01-01',
            lines: [
              { component: 'input', units: tokensIn ?? 0, unitPrice: String(inPico) },
              { component: 'output', units: tokensOut ?? 0, unitPrice: String(outPico) },
            ],
          },
    serviceTier: failed ? null : 'default',
    billedRuns: null,
    customCost: false,
    metadata: tagged ? { user: `user-${Math.floor(random() * 5000)}`, team } : null,
    feedback: random() < 0.02 ? (random() < 0.7 ? 1 : -1) : null,
    score: null,
    dlpAction: random() < 0.0002 ? 'BLOCK' : null,
    error: failed ? { code: 'rate_limit_exceeded', message: 'Rate limit reached, try again in 2.1 s' } : null,
    streamed,
    finishReason: failed ? null : pick(['stop', 'stop', 'stop', 'length', 'tool_calls']),
    payloadDropped: false,
    limitsObserved: null,
    zeroRetention: null,
    stages: { plan: thousandths(0.2), cache: thousandths(0.1), send: durationMs, settle: thousandths(0.1) },
  };
}

function usageOf(input: number | null, output: number | null, cacheRead: number | null): LogRecord['usage'] {
  return { ...emptyUsage(), input, output, total: (input ?? 0) + (output ?? 0), inputFull: input, cacheRead };
}

/** mulberry32: the same rows in every run. */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

function thousandths(most: number): number {
  return Math.round(random() * most * 1000) / 1000;
}

function pick<T>(list: readonly T[]): T {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new Error('empty list');
  return item;
}
