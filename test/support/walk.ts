/** The data plane alone, on a real socket: a raw upstream behind it, log rows handed to the test as they are written. */
import { createGateway, type GatewaySettings, OwnTokens, type Send } from '../../packages/server/src/gateway/index.ts';
import { createApp, createEgress, listen } from '../../packages/server/src/http/index.ts';
import { type Clock, Metrics, type Secret, systemClock, uuidV7Source } from '../../packages/server/src/lib/index.ts';
import { openMemoryCounters } from '../../packages/server/src/stores/counters/index.ts';
import { createMemoryAnswerCache } from '../../packages/server/src/stores/cache/index.ts';
import { createPriceBooks } from '../../packages/server/src/pricing/index.ts';
import { createAuthorizer, PROVIDERS } from '../../packages/server/src/providers/index.ts';
import type { AnswerCache } from '../../packages/server/src/stores/cache-ports.ts';
import type { CounterStore } from '../../packages/server/src/stores/counter-ports.ts';
import type { TokenCounter } from '../../packages/server/src/tokens/index.ts';
import { countRoughly } from '../../packages/server/src/tokens/rough.ts';
import type { LogBodies, LogRecord, LogRetention, LogStore } from '../../packages/server/src/stores/log-ports.ts';
import type {
  ConfigSnapshot,
  GatewayPolicy,
  LiveCustomProvider,
  ProviderKey,
  TokenIdentity,
} from '../../packages/server/src/stores/snapshot-ports.ts';
import { type RawHandler, type RawRequest, type RawServer, serveRaw } from './raw-http.ts';

/** A token with the run permission. */
export const RUN_TOKEN = 'hg_run-token-of-the-tests';
/** A token without it. */
export const READ_TOKEN = 'hg_read-token-of-the-tests';

export interface WalkOptions {
  /** What the provider does; default: 200 with `{}`. */
  upstream?: RawHandler;
  policy?: Partial<GatewayPolicy>;
  settings?: Partial<GatewaySettings>;
  clock?: Clock;
  /** Stored keys; of all gateways unless one is named. */
  keys?: (ProviderKey & { provider: string; gatewayKey?: string })[];
  operatorKeys?: ReadonlyMap<string, Secret>;
  custom?: LiveCustomProvider[];
  /** Slugs of custom providers that are the upstream; their host may be called. */
  customHere?: string[];
  /** Gateways beside `g`, on which everything else stands, too; accounts are those that they name. */
  more?: Pick<GatewayPolicy, 'accountId' | 'id' | 'key'>[];
  /** Default: by the length of texts. */
  tokens?: TokenCounter;
  /** Asked for by `/metrics`. */
  metricsToken?: Secret;
  /** Hosts that user-given URLs may reach. */
  mayBePrivate?: (hostname: string) => boolean;
}

export interface LoggedCall {
  record: LogRecord;
  bodies: LogBodies | null;
  retention: LogRetention | null;
}

export interface Walk {
  /** e.g. `http://127.0.0.1:PORT/v1/local/g`. */
  base: string;
  origin: string;
  upstream: RawServer;
  /** Requests that the provider got. */
  requests: RawRequest[];
  /** The next row that is written, in order. */
  nextRow(): Promise<LoggedCall>;
  /** Errors that the gateway called its own. */
  reported: unknown[];
  clock: Clock;
  counters: CounterStore;
  cache: AnswerCache;
  active(): number;
  /** From now on new requests are refused, as while the process stops. */
  drain(): void;
  stop(): Promise<void>;
}

export async function startWalk(options: WalkOptions = {}): Promise<Walk> {
  const requests: RawRequest[] = [];
  const answer = options.upstream ?? ((_request, connection) => connection.write(OK_ANSWER));
  const upstream = await serveRaw((request, connection) => {
    requests.push(request);
    return answer(request, connection);
  });
  const policy: GatewayPolicy = {
    accountId: 'local',
    id: 'g',
    key: 'key-of-g',
    authentication: false,
    collectLogs: true,
    retention: null,
    retry: { retries: 0, delayMs: 0, backoff: 'constant' },
    ownKeysOnly: false,
    cacheTtlS: 0,
    asksUsage: false,
    zeroRetention: false,
    rateLimit: null,
    spendLimits: null,
    ...options.policy,
  };
  const baseUrls =
    options.settings?.baseUrls ??
    new Map(PROVIDERS.filter(({ slug }) => slug !== 'sandbox').map(({ slug }) => [slug, upstream.url]));
  // What is answered inside the process is answered by the upstream, too, so that a test sees all requests at one place.
  const send: Send = createEgress({
    local: new Map([
      ['sandbox', (asked) => send({ ...asked, url: upstream.url + asked.url.slice('sandbox:'.length) })],
    ]),
    mayBePrivate: options.mayBePrivate ?? (() => options.customHere !== undefined),
  });
  const here = (options.customHere ?? []).map((slug) => ({ id: slug, slug, baseUrl: upstream.url, headers: {} }));
  const custom = [...(options.custom ?? []), ...here];
  const rows = new RowQueue();
  const reported: unknown[] = [];
  const clock = options.clock ?? systemClock;
  const metrics = new Metrics();
  const counters = openMemoryCounters();
  const cache = createMemoryAnswerCache();
  const gateway = createGateway({
    clock,
    newId: uuidV7Source(),
    control: controlWith(policy, { ...options, custom }),
    logs: { append: async (record, bodies, retention) => rows.add({ record, bodies, retention }) } as Pick<
      LogStore,
      'append'
    > as LogStore,
    ownTokens: new OwnTokens([RUN_TOKEN]),
    cache,
    counters,
    prices: createPriceBooks(() => []),
    tokens: options.tokens ?? ROUGH_TOKENS,
    metrics,
    send,
    authorizer: createAuthorizer({ clock, send, baseUrls }),
    operatorKeys: options.operatorKeys ?? new Map(),
    random: () => 0.5,
    settings: {
      maxBodyBytes: 1024 * 1024,
      maxLogBodyBytes: 1024 * 1024,
      captureBytes: 16 * 1024 * 1024,
      firstByteTimeoutMs: 600_000,
      idleTimeoutMs: 300_000,
      durability: 'relaxed',
      serverTiming: true,
      ...options.settings,
      baseUrls,
    },
    report: (error) => reported.push(error),
  });
  const app = createApp({
    gateway,
    api: async () => new Response(null, { status: 500 }),
    accountId: 'local',
    cors: { origins: ['https://allowed.example'] },
    notReady: () => null,
    metrics: { metrics, token: options.metricsToken ?? null },
    version: '0',
  });
  const listener = listen(app, {
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    report: (error) => reported.push(error),
  });
  return {
    base: `${listener.origin}/v1/local/g`,
    origin: listener.origin,
    upstream,
    requests,
    nextRow: () => rows.next(),
    reported,
    clock,
    counters,
    cache,
    active: () => app.active(),
    drain: () => app.drain(),
    stop: async () => {
      await listener.drain(0);
      await upstream.stop();
      // Settled once per attempt: a second time would show as a row twice, or as fewer calls than none.
      if (rows.hasDoubles()) throw new Error('a row was written twice');
      if (app.active() < 0) throw new Error(`${app.active()} calls are active`);
    },
  };
}

/** Counts without a thread: by the length of texts. */
export const ROUGH_TOKENS: TokenCounter = {
  count: async (what) => countRoughly(what),
  expect: () => {},
  close: () => {},
};

export const OK_ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

function controlWith(policy: GatewayPolicy, { keys = [], custom = [], more = [] }: WalkOptions): ConfigSnapshot {
  const identity = (permission: 'run' | 'read'): TokenIdentity => ({
    id: permission,
    name: permission,
    accountId: 'local',
    permissions: new Set([permission]),
    gateways: null,
  });
  const tokens = new Map([
    [RUN_TOKEN, identity('run')],
    [READ_TOKEN, identity('read')],
  ]);
  const gateways = new Map(
    [policy, ...more.map((other) => ({ ...policy, ...other }))].map((one) => [`${one.accountId}/${one.id}`, one]),
  );
  let defaultGateway: GatewayPolicy | null = null;
  return {
    hasAccount: (accountId) => accountId === 'local' || more.some((other) => other.accountId === accountId),
    gateway: (accountId, gatewayId) => {
      const other = gateways.get(`${accountId}/${gatewayId}`) ?? null;
      return other ?? (accountId === 'local' && gatewayId === 'default' ? defaultGateway : null);
    },
    token: (value) => tokens.get(value) ?? null,
    ensureDefaultGateway: async () => {
      defaultGateway ??= { ...policy, id: 'default', key: 'key-of-default', authentication: true };
      return defaultGateway;
    },
    providerKeys: (gatewayKey, slug) =>
      keys.filter((key) => key.provider === slug && (key.gatewayKey ?? gatewayKey) === gatewayKey),
    customProvider: (_accountId, slug) => custom.find((provider) => provider.slug === slug) ?? null,
    route: () => null,
    prices: () => [],
  };
}

class RowQueue {
  readonly #rows: LoggedCall[] = [];
  readonly #waiting: ((row: LoggedCall) => void)[] = [];

  readonly #ids = new Set<string>();
  #added = 0;

  hasDoubles(): boolean {
    return this.#ids.size !== this.#added;
  }

  add(row: LoggedCall): void {
    this.#added += 1;
    this.#ids.add(row.record.id);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#rows.push(row);
    else waiting(row);
  }

  next(): Promise<LoggedCall> {
    const row = this.#rows.shift();
    if (row !== undefined) return Promise.resolve(row);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
