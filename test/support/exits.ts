/** The failure exits of the walk, as a table: how to get there, and what is particular to each. */
import type { ErrorName } from '@headgate/contract';
import { Secret } from '../../packages/server/src/lib/index.ts';
import type { FailureReason } from '../../packages/server/src/gateway/index.ts';
import { FakeClock } from './fake-clock.ts';
import { answer, scripted } from './scripted.ts';
import { READ_TOKEN, RUN_TOKEN, type Walk, type WalkOptions } from './walk.ts';

export interface Exit {
  readonly kind: ErrorName;
  readonly rule: string;
  readonly options?: WalkOptions;
  /** Makes the options where something has to run beside; `done` ends it. */
  readonly prepare?: () => { options: WalkOptions; done: () => void };
  /** Calls that use up what the exit needs used up. */
  readonly before?: (walk: Walk) => Promise<unknown>;
  readonly ask: (walk: Walk) => Promise<Response>;
  /** Part of the message. */
  readonly message?: string;
  /** Why the provider gave no answer: the row's code. */
  readonly reason?: FailureReason;
  /** `retry-after` is set. */
  readonly tellsWhen?: boolean;
  readonly leavesNoRow?: boolean;
  readonly asksProvider?: boolean;
}

interface Asked {
  path?: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  method?: string;
}
const post =
  ({ path = '/openai/x', headers = {}, body = '{"model":"m"}', method = 'POST' }: Asked = {}) =>
  (walk: Walk) =>
    fetch(walk.base + path, { method, headers, ...(method === 'GET' ? {} : { body }) });
const elsewhere = (path: string) => (walk: Walk) => fetch(walk.origin + path, { method: 'POST', body: '{}' });
const used = async (walk: Walk) => {
  await (await post()(walk)).text();
  await walk.nextRow();
};
const key = (more: object) => ({
  id: 'k',
  provider: 'openai',
  alias: 'default',
  isDefault: true,
  secret: new Secret('stored'),
  rateLimit: null,
  rateLimitSeconds: 60,
  weight: 1,
  ...more,
});
const at = (url: string): WalkOptions => ({ settings: { baseUrls: new Map([['openai', url]]) } });
const spend = (limit: number) => ({
  spendLimits: { enabled: true, rules: [{ id: 'all', limit, limitType: 'cost' as const, window: 3600 }] },
});
const chunked = (bytes: number) =>
  new ReadableStream({
    start(controller) {
      for (let sent = 0; sent < bytes; sent += 100) controller.enqueue(new Uint8Array(100));
      controller.close();
    },
  });

/** A provider that keeps silent, until the clock has passed the longest wait. */
function silent(headers: Record<string, string>, waitMs: number): Pick<Exit, 'options' | 'ask'> {
  const clock = new FakeClock();
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  return {
    options: { clock, upstream: async () => resolve(), settings: { firstByteTimeoutMs: 5000 } },
    ask: async (walk) => {
      const asking = post({ headers })(walk);
      await arrived;
      clock.advance(waitMs);
      return asking;
    },
  };
}

const noSuch: Exit[] = [
  ['an account that there is not', '/v1/nobody/g/openai/x'],
  ['an account that cannot be', '/v1/not%20an%20id/g/openai/x'],
  ['a gateway that there is not', '/v1/local/other/openai/x'],
  ['an address without a gateway', '/v1/local'],
].map(([rule = '', path = '']) => ({ kind: 'gatewayUnknown', rule, ask: elsewhere(path), leavesNoRow: true }));

const unusable: Exit[] = (
  [
    ['a path that the provider cannot have', { path: '/azure-openai/resource-alone' }, ''],
    ['a path that climbs', { path: '/openai/a/..%2fb' }, 'dot segment'],
    ['our token in the path', { path: `/openai/x/${RUN_TOKEN}` }, 'token of this gateway'],
    ['a WebSocket upgrade', { method: 'GET', headers: { upgrade: 'websocket', connection: 'upgrade' } }, 'WebSocket'],
    ['a switch that is neither', { headers: { 'cf-aig-collect-log': 'maybe' } }, 'cf-aig-collect-log'],
    ['a number that is none', { headers: { 'cf-aig-cache-ttl': 'soon' } }, 'cf-aig-cache-ttl'],
    ['too many retries', { headers: { 'cf-aig-max-attempts': '6' } }, 'cf-aig-max-attempts'],
    ['a price that is none', { headers: { 'cf-aig-custom-cost': 'cheap' } }, 'cf-aig-custom-cost'],
    ['a universal body that is none', { path: '', body: '1' }, '[0] must be an object'],
  ] satisfies [string, Asked, string][]
).map(([rule, asked, message]) => ({ kind: 'requestInvalid', rule, ask: post(asked), message }));

const unauthenticated: Exit[] = (
  [
    ['no token', {}],
    ['a token that is not ours', { authorization: 'Bearer sk-theirs' }],
    ['a token that may only read', { 'cf-aig-authorization': `Bearer ${READ_TOKEN}` }],
  ] satisfies [string, Record<string, string>][]
).map(([rule, headers]) => ({
  kind: 'unauthorized',
  rule,
  options: { policy: { authentication: true } },
  ask: post({ headers }),
}));

const unreachable: Exit[] = (
  [
    ['connect_refused', at('http://127.0.0.1:1')],
    ['dns', at('http://no-such-host.invalid')],
    ['reset', { upstream: async (_request, connection) => connection.reset() }],
    ['unknown', { upstream: scripted(answer(799)) }],
  ] satisfies [FailureReason, WalkOptions][]
).map(([reason, options]) => ({
  kind: 'providerUnreachable',
  rule: reason,
  options,
  ask: post(),
  message: reason,
  reason,
  asksProvider: true,
}));

export const EXITS: readonly Exit[] = [
  ...noSuch,
  ...unusable,
  ...unauthenticated,
  ...unreachable,
  {
    kind: 'providerUnreachable',
    rule: 'tls',
    prepare: () => {
      const plain = Bun.listen({
        hostname: '127.0.0.1',
        port: 0,
        socket: { data: (socket) => void socket.end('HTTP/1.1 400 Bad\r\n\r\n') },
      });
      return { options: at(`https://127.0.0.1:${plain.port}`), done: () => plain.stop(true) };
    },
    ask: post(),
    message: 'tls',
    reason: 'tls',
    asksProvider: true,
  },
  {
    kind: 'providerUnreachable',
    rule: 'blocked: a user-given host that is private',
    options: { custom: [{ id: 'c', slug: 'mine', baseUrl: 'https://10.0.0.1', headers: {} }] },
    ask: post({ path: '/custom-mine/x' }),
    message: 'may not be called',
    reason: 'blocked',
    asksProvider: true,
  },
  { kind: 'providerInvalid', rule: 'an unknown provider', ask: post({ path: '/nope/x' }) },
  { kind: 'providerInvalid', rule: 'no provider', ask: post({ path: '', method: 'GET' }) },
  { kind: 'providerInvalid', rule: 'a custom provider that there is not', ask: post({ path: '/custom-nope/x' }) },
  {
    kind: 'providerInvalid',
    rule: 'an unknown provider in a step',
    ask: post({ path: '', body: '[{"provider":"nope","endpoint":"x","query":{}}]' }),
  },
  { kind: 'forbiddenFetchDest', rule: 'a page load', ask: post({ headers: { 'sec-fetch-dest': 'document' } }) },
  {
    kind: 'bodyTooLarge',
    rule: 'a body whose length says so',
    options: { settings: { maxBodyBytes: 1000 } },
    ask: post({ body: new Uint8Array(1001) }),
    message: '1000 bytes',
  },
  {
    kind: 'bodyTooLarge',
    rule: 'a body of unknown length, as it grows',
    options: { settings: { maxBodyBytes: 1000 } },
    ask: post({ body: chunked(2000) }),
    message: '1000 bytes',
  },
  {
    kind: 'providerTimeout',
    rule: 'beyond the process’s limit',
    ...silent({}, 5000),
    message: 'timeout',
    reason: 'timeout',
    asksProvider: true,
  },
  {
    kind: 'providerTimeout',
    rule: 'beyond the call’s own',
    ...silent({ 'cf-aig-request-timeout': '300' }, 300),
    message: 'timeout',
    reason: 'timeout',
    asksProvider: true,
  },
  {
    kind: 'rateLimited',
    rule: 'by the gateway',
    options: { policy: { rateLimit: { limit: 1, intervalMs: 3_600_000, technique: 'sliding' } } },
    before: used,
    ask: post(),
    tellsWhen: true,
  },
  {
    kind: 'rateLimited',
    rule: 'by the stored key',
    options: { keys: [key({ rateLimit: 1 })] },
    before: used,
    ask: post(),
    message: "key 'default' of provider 'openai'",
    tellsWhen: true,
  },
  {
    kind: 'spendLimitExceeded',
    rule: 'a call that does not fit',
    options: { policy: spend(1) },
    ask: post({ headers: { 'cf-aig-custom-cost': '{"total_cost":2}' } }),
    message: "rule 'all'",
    tellsWhen: true,
  },
  { kind: 'keyMissing', rule: 'none that may be used', options: { policy: { ownKeysOnly: true } }, ask: post() },
  {
    kind: 'keyMissing',
    rule: 'no such alias',
    options: { keys: [key({})] },
    ask: post({ headers: { 'cf-aig-byok-alias': 'nobodys' } }),
    message: "Configured aliases: 'default'",
  },
  { kind: 'keyMissing', rule: 'its secret is gone', options: { keys: [key({ secret: null })] }, ask: post() },
  {
    kind: 'keyMissing',
    rule: 'a stored credential of the wrong shape',
    options: { keys: [key({ provider: 'adobe-firefly' })] },
    ask: post({ path: '/adobe-firefly/v3/images/generate' }),
    asksProvider: true,
  },
  {
    kind: 'internal',
    rule: 'a fault of ours',
    options: {
      operatorKeys: {
        get: () => {
          throw new Error('a fault of ours');
        },
      } as unknown as ReadonlyMap<string, Secret>,
    },
    ask: post(),
  },
  {
    kind: 'shuttingDown',
    rule: 'a call that comes while the process stops',
    before: async (walk) => walk.drain(),
    ask: post(),
    tellsWhen: true,
    leavesNoRow: true,
  },
];
