import { API_BASE, type Endpoint, type EndpointName, endpoints, type Envelope } from '@headgate/contract';
import { FakeClock } from './fake-clock.ts';
import {
  createEvaluationJob,
  createRepriceJob,
  type EvaluationJob,
  type RepriceJob,
} from '../../packages/server/src/jobs/index.ts';
import { uuidV7Source } from '../../packages/server/src/lib/index.ts';
import { createPriceBooks } from '../../packages/server/src/pricing/index.ts';
import type { AnswerCache } from '../../packages/server/src/stores/cache-ports.ts';
import { createMemoryAnswerCache } from '../../packages/server/src/stores/cache/index.ts';
import type { ControlStore } from '../../packages/server/src/stores/control-ports.ts';
import { openMemoryLogStore } from '../../packages/server/src/stores/memory/index.ts';
import type { LogStore } from '../../packages/server/src/stores/log-ports.ts';
import type { Permission } from '../../packages/server/src/stores/snapshot-ports.ts';
import { openControlStore } from '../../packages/server/src/stores/sql/index.ts';
import { type ApiDeps, createApi } from '../../packages/server/src/api/index.ts';

/** For tests: the management API over an in-memory control database and log store, with one administrator's token. */
export interface ApiFixture {
  api: (request: Request) => Promise<Response>;
  /** What the API was made from. */
  deps: ApiDeps;
  control: ControlStore;
  logs: LogStore;
  cache: AnswerCache;
  clock: FakeClock;
  evaluations: EvaluationJob;
  reprices: RepriceJob;
  /** As after a new start of the process: the stores stay. */
  restart(): void;
  /** Errors that the API reported instead of showing them. */
  reported: unknown[];
  adminToken: string;
  /** Makes a token of account `acme`. */
  token(permissions: Permission[], gateways?: string[]): Promise<string>;
  /** Calls an endpoint by name; checks that a success has the shape that its record promises. */
  call(name: EndpointName, options?: CallOptions): Promise<Reply>;
  send(method: string, path: string, options?: SendOptions): Promise<Reply>;
}

export interface SendOptions {
  /** Null: no token. Left out: the administrator's. */
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface CallOptions extends SendOptions {
  params?: Record<string, string>;
  query?: string;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The envelope; empty when the body is not JSON. */
  body: Envelope<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of many shapes
  result: any;
}

export const ACCOUNT = 'acme';

/** The smallest body that makes a gateway. */
export const MINIMAL_GATEWAY = {
  cache_invalidate_on_update: true,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};

export async function apiFixture(): Promise<ApiFixture> {
  const clock = new FakeClock();
  const control = await openControlStore({
    file: ':memory:',
    clock,
    ids: uuidV7Source(),
    masterKey: new Uint8Array(32).fill(7),
    accountId: ACCOUNT,
  });
  const adminToken = (await control.ensureAdminToken(null)) ?? '';
  const logs = openMemoryLogStore();
  const cache = createMemoryAnswerCache();
  const reported: unknown[] = [];
  const report = (error: unknown) => reported.push(error);
  const evaluations = createEvaluationJob({ control, logs, clock, report });
  const prices = createPriceBooks((accountId) => control.snapshot.prices(accountId));
  const reprices = createRepriceJob({ control, logs, prices, clock, report });
  const deps: ApiDeps = {
    control,
    logs,
    cache,
    clock,
    publicOrigin: () => 'https://gateway.test',
    version: '1.2.3',
    mayBePrivate: (host) => host === 'mock.internal',
    evaluationsWaiting: () => evaluations.wake(),
    evaluationProgress: (id) => evaluations.progress(id),
    repricesWaiting: () => reprices.wake(),
    repriceProgress: (id) => reprices.progress(id),
    report,
  };
  let api = createApi(deps);

  async function send(method: string, path: string, { token = adminToken, body, headers }: SendOptions = {}) {
    const all = new Headers(headers);
    if (token !== null && !all.has('authorization')) all.set('authorization', `Bearer ${token}`);
    if (body !== undefined && !all.has('content-type')) all.set('content-type', 'application/json');
    const init: RequestInit = { method, headers: all };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await api(new Request(`https://gateway.test${path}`, init));
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const parsed = isJson && text !== '' ? (JSON.parse(text) as Envelope<unknown>) : ({} as Envelope<unknown>);
    return { status: response.status, headers: response.headers, text, body: parsed, result: parsed.result };
  }

  return {
    api: (request) => api(request),
    deps,
    restart: () => {
      api = createApi(deps);
    },
    evaluations,
    reprices,
    control,
    logs,
    cache,
    clock,
    reported,
    adminToken,
    send,
    token: async (permissions, gateways) =>
      (await control.tokens.create(ACCOUNT, { name: 'test', permissions, gateways: gateways ?? null })).value,
    async call(name, { params = {}, query = '', ...options } = {}) {
      const endpoint: Endpoint = endpoints[name];
      const filled = endpoint.path.replace(/\{(\w+)\}/g, (_, key: string) =>
        encodeURIComponent({ account_id: ACCOUNT, ...params }[key] ?? 'missing'),
      );
      const reply = await send(endpoint.method, `${API_BASE}${filled}${query}`, options);
      if (reply.status === 200) promised(endpoint, reply);
      return reply;
    },
  };
}

function promised(endpoint: Endpoint, { body, result }: Reply): void {
  const values = endpoint.reply === 'page' ? (result as unknown[]) : endpoint.reply === 'result' ? [result] : [];
  if (endpoint.reply === 'raw') values.push(body);
  for (const value of values) endpoint.response.parse(value);
}
