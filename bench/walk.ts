/**
 * What one call costs in the main thread, without sockets: the walk from request to settled row, over a provider that
 * answers at once. Prints microseconds of CPU per call for each set of features (Linux); `bun --cpu-prof` shows where.
 *   bun bench/walk.ts [calls [part of a name]]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, OwnTokens } from '../packages/server/src/gateway/index.ts';
import { Metrics, systemClock, uuidV7Source } from '../packages/server/src/lib/index.ts';
import { createPriceBooks } from '../packages/server/src/pricing/index.ts';
import { createAuthorizer } from '../packages/server/src/providers/index.ts';
import { createMemoryAnswerCache } from '../packages/server/src/stores/cache/index.ts';
import { openMemoryCounters } from '../packages/server/src/stores/counters/index.ts';
import type { LogStore } from '../packages/server/src/stores/log-ports.ts';
import type { ConfigSnapshot, GatewayPolicy } from '../packages/server/src/stores/snapshot-ports.ts';
import { openSegmentLogStore } from '../packages/server/src/stores/segments/index.ts';
import { createTokenCounter } from '../packages/server/src/tokens/index.ts';

const TOKEN = `hg_${'a'.repeat(40)}`;
const QUESTION = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'You are helpful. '.repeat(50) },
    { role: 'user', content: 'Hello' },
  ],
});
const ANSWER = new TextEncoder().encode(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there! '.repeat(20) }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: 210,
      completion_tokens: 60,
      total_tokens: 270,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
  }),
);
const REQUEST_HEADERS = {
  'cf-aig-authorization': `Bearer ${TOKEN}`,
  authorization: 'Bearer sk-0123456789',
  'content-type': 'application/json',
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate',
  'user-agent': 'OpenAI/JS 7.0.0',
  'x-stainless-lang': 'js',
  'x-stainless-os': 'Linux',
  'x-stainless-runtime': 'node',
};
const ANSWER_HEADERS = {
  'content-type': 'application/json',
  'content-length': String(ANSWER.byteLength),
  date: 'Thu, 26 Nov 2026 00:00:00 GMT',
  'openai-organization': 'org',
  'openai-processing-ms': '300',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
  'x-request-id': 'req_0123456789',
  'cf-cache-status': 'DYNAMIC',
};
const OFF: GatewayPolicy = {
  accountId: 'local',
  id: 'g',
  key: 'key-of-g',
  authentication: false,
  collectLogs: false,
  retention: null,
  retry: { retries: 0, delayMs: 0, backoff: 'constant' },
  ownKeysOnly: false,
  cacheTtlS: 0,
  rateLimit: null,
  spendLimits: null,
  asksUsage: false,
  zeroRetention: false,
};
const GUARDED: GatewayPolicy = {
  ...OFF,
  authentication: true,
  rateLimit: { limit: 1_000_000_000, intervalMs: 60_000, technique: 'sliding' },
  spendLimits: {
    enabled: true,
    rules: [{ id: 'r', limit: 1e6, limitType: 'cost', window: 3600, technique: 'sliding', enabled: true }],
  },
};

const [, , count = '50000', only] = process.argv;
const calls = Number(count);
const directory = mkdtempSync(join(tmpdir(), 'headgate-walk-'));
const store = await openSegmentLogStore({ directory, clock: systemClock });
const nowhere = { append: () => Promise.resolve() } as Pick<LogStore, 'append'> as LogStore;
try {
  console.log(`${'microseconds of CPU per call'.padEnd(40)} main thread  all threads`);
  for (const [name, policy, logs] of [
    ['all off', OFF, nowhere],
    ['authentication and limits', GUARDED, nowhere],
    ['the same, and a row that goes nowhere', { ...GUARDED, collectLogs: true }, nowhere],
    ['the same, and the log', { ...GUARDED, collectLogs: true }, store],
  ] as const) {
    if (only !== undefined && !name.includes(only)) continue;
    const [main, all] = await measure(policy, logs);
    console.log(`${name.padEnd(40)} ${main.toFixed(1).padStart(8)} ${all.toFixed(1).padStart(12)}`);
  }
} finally {
  await store.close();
  rmSync(directory, { recursive: true });
}

async function measure(policy: GatewayPolicy, logs: LogStore): Promise<[main: number, all: number]> {
  const send = async () => new Response(ANSWER, { headers: ANSWER_HEADERS });
  const tokens = createTokenCounter({ clock: systemClock, onProblem: console.error });
  const gateway = createGateway({
    clock: systemClock,
    newId: uuidV7Source(),
    control: controlWith(policy),
    logs,
    ownTokens: new OwnTokens(),
    cache: createMemoryAnswerCache(),
    counters: openMemoryCounters(),
    prices: createPriceBooks(() => []),
    tokens,
    metrics: new Metrics(),
    send,
    authorizer: createAuthorizer({ clock: systemClock, send, baseUrls: new Map() }),
    operatorKeys: new Map(),
    random: Math.random,
    settings: {
      maxBodyBytes: 1e8,
      maxLogBodyBytes: 1e7,
      captureBytes: 1e8,
      firstByteTimeoutMs: 600_000,
      idleTimeoutMs: 300_000,
      durability: 'relaxed',
      baseUrls: new Map(),
      serverTiming: true,
    },
    report: (error) => console.error(error),
  });
  const once = async () => {
    const response = await gateway.handle(
      new Request('http://127.0.0.1:8787/v1/local/g/openai/chat/completions', {
        method: 'POST',
        body: QUESTION,
        headers: REQUEST_HEADERS,
      }),
    );
    await response.arrayBuffer();
  };
  for (let i = 0; i < calls / 5; i++) await once();
  const [main, all] = [mainThreadUs(), wholeUs()];
  for (let i = 0; i < calls; i++) await once();
  return [(mainThreadUs() - main) / calls, (wholeUs() - all) / calls];
}

/** CPU time of this thread so far, in microseconds. */
function mainThreadUs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}

/** CPU time of all threads: the log's writer and the collector among them. */
function wholeUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function controlWith(policy: GatewayPolicy): ConfigSnapshot {
  const identity = { id: 't', name: 't', accountId: 'local', permissions: new Set(['run'] as const), gateways: null };
  return {
    hasAccount: () => true,
    gateway: () => policy,
    token: (value) => (value === TOKEN ? identity : null),
    ensureDefaultGateway: async () => policy,
    providerKeys: () => [],
    customProvider: () => null,
    route: () => null,
    prices: () => [],
  };
}
