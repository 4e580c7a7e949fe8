/**
 * How fast the log engine answers: fills a temporary directory with realistic rows, runs every filter, every order and
 * some pages, and prints the milliseconds of each with the exact count, then the file size per row and the ingest rate.
 *
 *   bun bench/log-queries.ts [rows, default 2000000]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_ORDER_FIELDS } from '@headgate/contract';
import { emptyUsage } from '../packages/server/src/formats/index.ts';
import { systemClock, uuidV7Source } from '../packages/server/src/lib/index.ts';
import type { LogFilter, LogQuery, LogRecord, LogStore } from '../packages/server/src/stores/ports.ts';
import { openSegmentLogStore } from '../packages/server/src/stores/segments/index.ts';

let seed = 42;
const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 0, 1);
const SPAN_MS = 30 * DAY_MS;
const GATEWAY = 'bench';

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

async function main(): Promise<void> {
  const rows = Number(process.argv[2] ?? 2_000_000);
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const open = () => openSegmentLogStore({ directory, clock: systemClock });
  try {
    let store = await open();
    const rate = await fill(store, rows);
    await store.close();
    const opening = systemClock.monotonicMs();
    store = await open();
    print(`rows ${rows}   bytes per row ${(sizeOf(directory) / rows).toFixed(1)}   ingest ${rate.toFixed(0)} rows/s`);
    print(`opened in ${(systemClock.monotonicMs() - opening).toFixed(0)} ms\n`);
    await measureAll(store);
    await measureSummaries(store);
    await store.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Gives rows per second until all are committed. */
async function fill(store: LogStore, rows: number): Promise<number> {
  const newId = uuidV7Source();
  const start = systemClock.monotonicMs();
  for (let i = 0; i < rows; i++) {
    const createdAtMs = FIRST_MS + Math.floor((i / rows) * SPAN_MS);
    void store.append(makeRow(newId(createdAtMs), createdAtMs), null, null);
    if (i % 20_000 === 0) await store.flush();
  }
  await store.flush();
  return rows / ((systemClock.monotonicMs() - start) / 1000);
}

async function measureAll(store: LogStore): Promise<void> {
  const newest = await store.list(query({}));
  const some = newest.rows[7];
  if (some === undefined) throw new Error('nothing was stored');
  print('query'.padEnd(58) + 'matches'.padStart(10) + 'first ms'.padStart(10) + 'again ms'.padStart(10));
  for (const [name, fields] of cases(some)) {
    const first = await time(store, fields);
    const again = await time(store, fields);
    print(
      name.padEnd(58) +
        String(first.count).padStart(10) +
        first.ms.toFixed(1).padStart(10) +
        again.ms.toFixed(1).padStart(10),
    );
  }
}

function* cases(some: LogRecord): Generator<[string, Partial<LogQuery>]> {
  yield ['newest page', {}];
  yield ['page 1000', { page: 1000 }];
  yield ['newest page with statistics', { withStatistics: true }];
  for (const filter of filters(some)) {
    yield [`${filter.key} ${filter.operator} ${JSON.stringify(filter.value)}`.slice(0, 57), { filters: [filter] }];
  }
  const openai: LogFilter = { key: 'provider', operator: 'eq', value: ['openai'] };
  const dear: LogFilter = { key: 'cost', operator: 'gt', value: [0.01] };
  yield ['provider and cost, with statistics', { filters: [openai, dear], withStatistics: true }];
  yield ['search: a common word', { search: 'SUPPORT' }];
  yield ['search: nothing', { search: 'no such thing' }];
  for (const orderBy of LOG_ORDER_FIELDS) {
    yield [`order by ${orderBy} asc`, { orderBy, direction: 'asc' }];
    yield [`order by ${orderBy} desc`, { orderBy, direction: 'desc' }];
  }
  yield ['order by cost desc, provider filter', { orderBy: 'cost', filters: [openai] }];
}

function filters({ id, eventId }: LogRecord): LogFilter[] {
  const middle = new Date(FIRST_MS + SPAN_MS / 2).toISOString();
  return [
    { key: 'id', operator: 'eq', value: [id] },
    { key: 'id', operator: 'contains', value: [id.slice(24)] },
    { key: 'created_at', operator: 'gt', value: [middle] },
    { key: 'request_content_type', operator: 'contains', value: ['json'] },
    { key: 'response_content_type', operator: 'contains', value: ['event-stream'] },
    { key: 'request_type', operator: 'eq', value: ['universal'] },
    { key: 'success', operator: 'eq', value: [false] },
    { key: 'cached', operator: 'eq', value: [true] },
    { key: 'provider', operator: 'eq', value: ['openai', 'groq'] },
    { key: 'provider', operator: 'neq', value: ['openai'] },
    { key: 'model', operator: 'contains', value: ['LLAMA'] },
    { key: 'model_type', operator: 'eq', value: ['embeddings'] },
    { key: 'cost', operator: 'gt', value: [0.01] },
    { key: 'cost', operator: 'eq', value: [null] },
    { key: 'tokens', operator: 'gt', value: [20_000] },
    { key: 'tokens_in', operator: 'lt', value: [100] },
    { key: 'tokens_out', operator: 'gt', value: [1500] },
    { key: 'duration', operator: 'gt', value: [20_000] },
    { key: 'feedback', operator: 'eq', value: [-1] },
    { key: 'event_id', operator: 'eq', value: [eventId] },
    { key: 'event_id', operator: 'contains', value: [eventId.slice(26)] },
    { key: 'metadata.key', operator: 'eq', value: ['user'] },
    { key: 'metadata.value', operator: 'eq', value: ['user-123'] },
    { key: 'metadata.value', operator: 'contains', value: ['PLAT'] },
    { key: 'metadata.value', operator: 'neq', value: ['search'] },
    { key: 'authentication', operator: 'eq', value: [false] },
    { key: 'wholesale', operator: 'eq', value: [true] },
    { key: 'compatibilityMode', operator: 'eq', value: [true] },
    { key: 'dlp_action', operator: 'eq', value: ['BLOCK'] },
    { key: 'user_agent', operator: 'contains', value: ['python'] },
    { key: 'status_code', operator: 'gt', value: [399] },
    { key: 'outcome', operator: 'neq', value: ['success'] },
  ];
}

async function measureSummaries(store: LogStore): Promise<void> {
  const lastDay: LogFilter = {
    key: 'created_at',
    operator: 'gt',
    value: [new Date(FIRST_MS + SPAN_MS - DAY_MS).toISOString()],
  };
  for (const [name, filters] of [
    ['by hour, provider, model and outcome, 30 days', []],
    ['by hour, provider, model and outcome, last day', [lastDay]],
  ] as const) {
    const start = systemClock.monotonicMs();
    const groups = await store.summarize({
      gatewayKey: GATEWAY,
      filters: [...filters],
      groupBy: ['provider', 'model', 'outcome'],
      spanMs: 3_600_000,
    });
    const ms = systemClock.monotonicMs() - start;
    print(`summary ${name}`.padEnd(58) + String(groups.length).padStart(10) + ms.toFixed(1).padStart(10));
  }
}

async function time(store: LogStore, fields: Partial<LogQuery>): Promise<{ ms: number; count: number }> {
  const start = systemClock.monotonicMs();
  const page = await store.list(query(fields));
  return { ms: systemClock.monotonicMs() - start, count: page.totalCount };
}

function query(fields: Partial<LogQuery>): LogQuery {
  const defaults = { orderBy: 'created_at', direction: 'desc', page: 1, perPage: 20, withStatistics: false } as const;
  return { gatewayKey: GATEWAY, filters: [], ...defaults, ...fields };
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
  const durationMs = Math.round((50 + 30_000 * random() ** 3) * 1000) / 1000;
  const cacheRead = random() < 0.3 ? Math.floor((tokensIn ?? 0) / 2) : null;
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
    gatewayKey: GATEWAY,
    createdAtMs,
    durationMs,
    latencyMs: failed ? null : Math.round(durationMs * 300) / 1000,
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
    usage: failed ? null : usageOf(tokensIn, tokensOut, cacheRead),
    costPico: failed ? null : cached ? 0n : BigInt((tokensIn ?? 0) * inPico + (tokensOut ?? 0) * outPico),
    bill: failed || cached ? null : billOf({ in: inPico, out: outPico }, tokensIn ?? 0, tokensOut ?? 0, cacheRead ?? 0),
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
    usageSource: 'provider',
    payloadDropped: false,
    limitsObserved: null,
    stages: { plan: thousandths(0.2), cache: thousandths(0.1), send: durationMs, settle: thousandths(0.1) },
  };
}

/** A line for each kind of token, as a bill of the list has them. */
function billOf(pico: { in: number; out: number }, input: number, output: number, read: number): LogRecord['bill'] {
  const lines = [
    { component: 'input', units: input - read, unitPrice: String(pico.in) },
    { component: 'cacheRead', units: read, unitPrice: String(pico.in / 10) },
    { component: 'output', units: output, unitPrice: String(pico.out) },
  ];
  return { source: 'list', version: '2026-09-23', lines: lines.filter(({ units }) => units > 0) };
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

function sizeOf(path: string): number {
  const { size } = statSync(path);
  if (!statSync(path).isDirectory()) return size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
