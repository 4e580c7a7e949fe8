import { beforeEach, describe, expect, test } from 'bun:test';
import { GATEWAY_DEFAULTS } from '@headgate/contract';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const create = (body: Record<string, unknown> = {}) =>
  fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY, ...body } });
const update = (body: Record<string, unknown>) =>
  fixture.call('gateways.update', { params: { id: 'g' }, body: { ...MINIMAL_GATEWAY, ...body } });

const phase = { S1: 'BLOCK', S13: 'FLAG', P1: 'BLOCK' };
const policy = { id: 'p', action: 'BLOCK', check: ['REQUEST', 'RESPONSE'], enabled: true, profiles: ['x'] };
const rule = {
  id: 'r1',
  enabled: false,
  limit: 12.5,
  limitType: 'cost',
  window: 3600,
  technique: 'fixed',
  mode: 'observe',
  metadata: { team: { mode: 'partition' }, user: { mode: 'filter', values: ['a'] } },
  model: { mode: 'filter', values: ['m'] },
  provider: { mode: 'partition' },
};

/** Valid values of each setting, the bounds among them. */
const VALID: [string, unknown[]][] = [
  ['cache_invalidate_on_update', [true, false]],
  ['cache_ttl', [0, 2_592_000, null]],
  ['collect_logs', [true, false]],
  ['rate_limiting_interval', [0, 60, null]],
  ['rate_limiting_limit', [0, 1000, null]],
  ['rate_limiting_technique', ['fixed', 'sliding', null]],
  ['authentication', [true, false]],
  ['byok_only', [true, false]],
  [
    'dlp',
    [
      { action: 'BLOCK', enabled: true, profiles: ['a', 'b'] },
      { action: 'FLAG', enabled: false, profiles: [] },
      { enabled: true, policies: [policy, { ...policy, id: 'q', action: 'FLAG', check: [] }] },
      null,
    ],
  ],
  ['guardrails', [{ prompt: phase, response: {} }, null]],
  ['log_classification', [true, false]],
  ['log_management', [10_000, 10_000_000, null]],
  ['log_management_strategy', ['STOP_INSERTING', 'DELETE_OLDEST', null]],
  ['logpush', [true, false]],
  ['logpush_public_key', ['x'.repeat(16), 'x'.repeat(1024), null]],
  [
    'otel',
    [
      [],
      [{ url: 'https://otel.example/v1/traces', headers: { a: 'b' }, authorization: 'key', content_type: 'protobuf' }],
      [{ url: 'http://127.0.0.1:4318/', headers: {} }],
      null,
    ],
  ],
  ['retry_backoff', ['constant', 'linear', 'exponential', null]],
  ['retry_delay', [0, 60_000, null]],
  ['retry_max_attempts', [0, 5, null]],
  ['spend_limits', [{ enabled: true, rules: [rule] }, { enabled: false, rules: [] }, null]],
  ['store_id', ['store', null]],
  ['stripe', [{ authorization: 'sk_live', usage_events: [{ payload: '{}' }] }, null]],
  ['workers_ai_billing_mode', ['postpaid', 'unified']],
  ['zdr', [true, false]],
];

/** Invalid values with the path below `body` that the error names. */
const INVALID: [string, [unknown, (string | number)[]?][]][] = [
  ['cache_invalidate_on_update', [[null], ['true'], [1]]],
  ['cache_ttl', [[-1], [1.5], ['0'], [true]]],
  ['collect_logs', [[null], ['yes']]],
  ['rate_limiting_interval', [[-1], [0.5], ['1']]],
  ['rate_limiting_limit', [[-1], [0.5], ['1']]],
  ['rate_limiting_technique', [['token'], [1], ['FIXED']]],
  ['authentication', [['true'], [0]]],
  ['byok_only', [['true']]],
  [
    'dlp',
    [
      [{ action: 'ALLOW', enabled: true, profiles: [] }, ['dlp', 'action']],
      [{ action: 'BLOCK', enabled: 'x', profiles: [] }, ['dlp', 'enabled']],
      [{ action: 'BLOCK', enabled: true, profiles: [1] }, ['dlp', 'profiles', 0]],
      [{ enabled: true, policies: [{ ...policy, check: ['BOTH'] }] }, ['dlp', 'policies', 0, 'check', 0]],
      [{ enabled: true, policies: [policy, { ...policy, action: 'x' }] }, ['dlp', 'policies', 1, 'action']],
      [{ enabled: true, policies: [{ ...policy, id: undefined }] }, ['dlp', 'policies', 0, 'id']],
      [true],
      [[]],
    ],
  ],
  [
    'guardrails',
    [
      [{ prompt: {} }, ['guardrails', 'response']],
      [{ prompt: { S1: 'ALLOW' }, response: {} }, ['guardrails', 'prompt', 'S1']],
      [{ prompt: {}, response: { P1: 'block' } }, ['guardrails', 'response', 'P1']],
    ],
  ],
  ['log_classification', [['x']]],
  ['log_management', [[9_999], [10_000_001], [10_000.5], ['10000']]],
  ['log_management_strategy', [['KEEP'], ['delete_oldest']]],
  ['logpush', [['true']]],
  ['logpush_public_key', [['x'.repeat(15)], ['x'.repeat(1025)], [1]]],
  [
    'otel',
    [
      [{}],
      [[{ url: 'https://a.example' }], ['otel', 0, 'headers']],
      [[{ url: 'ftp://a.example', headers: {} }], ['otel', 0, 'url']],
      [[{ url: 'nowhere', headers: {} }], ['otel', 0, 'url']],
      [[{ url: 'https://a.example', headers: { a: 1 } }], ['otel', 0, 'headers', 'a']],
      [[{ url: 'https://a.example', headers: {}, content_type: 'xml' }], ['otel', 0, 'content_type']],
      [[{ url: 'https://a.example', headers: {}, authorization: 1 }], ['otel', 0, 'authorization']],
    ],
  ],
  ['retry_backoff', [['random']]],
  ['retry_delay', [[-1], [60_001], [0.5]]],
  ['retry_max_attempts', [[-1], [6], [1.5]]],
  [
    'spend_limits',
    [
      [{ rules: [{ ...rule, limit: -1 }] }, ['spend_limits', 'rules', 0, 'limit']],
      [{ rules: [{ ...rule, limitType: 'count' }] }, ['spend_limits', 'rules', 0, 'limitType']],
      [{ rules: [{ ...rule, window: 1.5 }] }, ['spend_limits', 'rules', 0, 'window']],
      [{ rules: [{ ...rule, technique: 'x' }] }, ['spend_limits', 'rules', 0, 'technique']],
      [{ rules: [{ ...rule, mode: 'x' }] }, ['spend_limits', 'rules', 0, 'mode']],
      [{ rules: [{ ...rule, model: { mode: 'filter' } }] }, ['spend_limits', 'rules', 0, 'model', 'values']],
      [{ rules: [rule, rule] }, ['spend_limits', 'rules', 1, 'id']],
      [{ rules: Array.from({ length: 21 }, () => ({ ...rule, id: undefined })) }, ['spend_limits', 'rules']],
    ],
  ],
  ['store_id', [[1]]],
  [
    'stripe',
    [
      [{ authorization: 'x' }, ['stripe', 'usage_events']],
      [{ usage_events: [] }, ['stripe', 'authorization']],
      [{ authorization: 'x', usage_events: [{}] }, ['stripe', 'usage_events', 0, 'payload']],
    ],
  ],
  ['workers_ai_billing_mode', [['free']]],
  ['zdr', [[1]]],
];

describe('gateway settings', () => {
  test('the tables above cover every setting', () => {
    const names = Object.keys({ ...MINIMAL_GATEWAY, ...GATEWAY_DEFAULTS }).sort();
    expect(VALID.map(([name]) => name).sort()).toEqual(names);
    expect(INVALID.map(([name]) => name).sort()).toEqual(names);
  });

  for (const [name, values] of VALID) {
    test(`${name} is stored and read back as given, by create and by update`, async () => {
      await create();
      for (const [index, value] of values.entries()) {
        const id = `new-${index}`;
        expect((await create({ id, [name]: value })).result[name]).toEqual(value);
        expect((await fixture.call('gateways.get', { params: { id } })).result[name]).toEqual(value);
        expect((await update({ [name]: value })).result[name]).toEqual(value);
        expect((await fixture.call('gateways.get', { params: { id: 'g' } })).result[name]).toEqual(value);
      }
    });
  }

  for (const [name, values] of INVALID) {
    test(`${name}: a value that breaks its rule is refused with its path`, async () => {
      await create();
      for (const [value, path = [name]] of values) {
        for (const reply of [await create({ id: 'other', [name]: value }), await update({ [name]: value })]) {
          expect([reply.status, reply.body.success, value]).toEqual([400, false, value]);
          expect(reply.body.errors).toContainEqual({
            code: 7001,
            message: expect.any(String),
            path: ['body', ...path],
          });
        }
      }
    });
  }

  test('a null resets an optional setting, one left out stays', async () => {
    const changed = {
      authentication: false,
      zdr: true,
      workers_ai_billing_mode: 'unified',
      retry_delay: 5,
      otel: [{ url: 'https://a.example/', headers: {}, authorization: 'secret' }],
    };
    await create(changed);
    expect((await update({})).result).toMatchObject(changed);
    const nulls = Object.fromEntries(Object.keys(changed).map((name) => [name, null]));
    expect((await update(nulls)).result).toMatchObject(
      Object.fromEntries(
        Object.keys(changed).map((name) => [name, GATEWAY_DEFAULTS[name as keyof typeof GATEWAY_DEFAULTS]]),
      ),
    );
  });

  test('every required setting is missed by name', async () => {
    await create();
    for (const name of Object.keys(MINIMAL_GATEWAY)) {
      const error = { code: 7001, message: expect.any(String), path: ['body', name] };
      expect((await create({ id: 'x', [name]: undefined })).body.errors).toEqual([error]);
      expect((await update({ [name]: undefined })).body.errors).toEqual([error]);
    }
    expect((await create({ id: undefined })).body.errors[0]?.path).toEqual(['body', 'id']);
  });

  test('unknown fields are ignored, read-only ones too', async () => {
    await create({ colour: 'red', is_default: true, created_at: 'x', internal_id: 'mine' });
    const { result } = await fixture.call('gateways.get', { params: { id: 'g' } });
    expect(result).not.toHaveProperty('colour');
    expect(result).toMatchObject({ is_default: false, account_id: 'acme', account_tag: 'acme' });
    expect(result.internal_id).not.toBe('mine');
  });

  test('a spend rule gets an id of eight hex digits that stays when its limit changes', async () => {
    const bare = { limit: 1, limitType: 'cost', window: 60 };
    const rules = (reply: Awaited<ReturnType<typeof create>>) => reply.result.spend_limits.rules;
    const first = rules(
      await create({ spend_limits: { enabled: true, rules: [bare, bare, { ...bare, window: 61 }] } }),
    );
    expect(first).toMatchObject([1, 2, 3].map(() => ({ enabled: true, technique: 'sliding' })));
    expect(first.map((rule: { id: string }) => /^[0-9a-f]{8}$/.test(rule.id))).toEqual([true, true, true]);
    expect(new Set(first.map((rule: { id: string }) => rule.id)).size).toBe(3);
    const second = rules(await update({ spend_limits: { rules: [{ ...bare, limit: 2 }] } }));
    expect(second[0].id).toBe(first[0].id);
  });
});

describe('gateways', () => {
  test('ids: 1 to 64 letters, digits, - and _, beginning with a letter or digit', async () => {
    for (const id of ['a', 'A-b_9', 'x'.repeat(64)]) expect((await create({ id })).status).toBe(200);
    for (const id of ['', '-a', '_a', 'a b', 'a/b', 'ä', 'x'.repeat(65), 7]) {
      expect((await create({ id })).body.errors[0]?.path).toEqual(['body', 'id']);
    }
  });

  test('a taken id is a 409 that clients are told not to retry', async () => {
    await create();
    const again = await create();
    expect(again.status).toBe(409);
    expect(again.headers.get('x-should-retry')).toBe('false');
  });

  test('an update moves modified_at only, a delete returns the gateway, then it is gone', async () => {
    const made = (await create()).result;
    fixture.clock.advance(1500);
    const changed = (await update({})).result;
    expect(changed).toEqual({ ...made, modified_at: '2030-01-01T00:00:01.500Z' });
    expect((await fixture.call('gateways.delete', { params: { id: 'g' } })).result).toEqual(changed);
    for (const name of ['gateways.get', 'gateways.delete'] as const) {
      const gone = await fixture.call(name, { params: { id: 'g' } });
      expect([gone.status, gone.body.errors[0]?.code]).toEqual([404, 7002]);
    }
    expect((await update({})).status).toBe(404);
    const remade = (await create()).result;
    expect(remade.internal_id).not.toBe(made.internal_id);
  });

  test('list pages through, oldest first, searches by id, and is empty past the end', async () => {
    for (const id of ['one', 'two', 'three']) await create({ id });
    const list = async (query: string) => {
      const { body, result } = await fixture.call('gateways.list', { query });
      return [result.map((one: { id: string }) => one.id), body.result_info];
    };
    expect(await list('')).toEqual([
      ['one', 'two', 'three'],
      { page: 1, per_page: 20, count: 3, total_count: 3, total_pages: 1 },
    ]);
    expect(await list('?page=2&per_page=2')).toEqual([
      ['three'],
      { page: 2, per_page: 2, count: 1, total_count: 3, total_pages: 2 },
    ]);
    expect(await list('?page=9')).toEqual([[], { page: 9, per_page: 20, count: 0, total_count: 3, total_pages: 1 }]);
    expect((await list('?search=T'))[0]).toEqual(['two', 'three']);
  });

  test('paging outside its bounds is a 400 that names the parameter', async () => {
    for (const [name, values] of [
      ['page', ['0', '-1', '1.5', 'x', '']],
      ['per_page', ['0', '101', 'x']],
    ] as const) {
      for (const value of values) {
        const reply = await fixture.call('gateways.list', { query: `?${name}=${value}` });
        expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.path]).toEqual([
          400,
          7001,
          ['query', name],
        ]);
      }
    }
    expect((await fixture.call('gateways.list', { query: '?per_page=100' })).status).toBe(200);
  });

  test('secrets are clear to tokens with edit, masked to all others', async () => {
    const settings = {
      stripe: { authorization: 'sk_live_0123456789abcdef', usage_events: [] },
      otel: [
        { url: 'https://a.example/', headers: {}, authorization: 'short' },
        { url: 'https://b.example/', headers: {} },
      ],
    };
    expect((await create(settings)).result).toMatchObject(settings);
    const token = await fixture.token(['read']);
    for (const name of ['gateways.get', 'gateways.list'] as const) {
      const reply = await fixture.call(name, { params: { id: 'g' }, token });
      const [shown] = [reply.result].flat();
      expect(shown.stripe.authorization).toBe('********cdef');
      expect(shown.otel).toEqual([
        { url: 'https://a.example/', headers: {}, authorization: '********' },
        { url: 'https://b.example/', headers: {} },
      ]);
    }
  });

  test('a change is in force for the next call of the data plane', async () => {
    const policy = () => fixture.control.snapshot.gateway('acme', 'g');
    expect(policy()).toBeNull();
    const { internal_id: key } = (await create({ log_management: 10_000 })).result;
    expect(policy()).toMatchObject({ key, authentication: true, collectLogs: true });
    expect(policy()?.retention).toEqual({ limit: 10_000, strategy: 'STOP_INSERTING' });
    await update({ authentication: false, collect_logs: false, log_management: null });
    expect(policy()).toMatchObject({ key, authentication: false, collectLogs: false, retention: null });
    await fixture.call('gateways.delete', { params: { id: 'g' } });
    expect(policy()).toBeNull();
  });

  test('a token restricted to gateways sees and changes only those', async () => {
    for (const id of ['mine', 'other']) await create({ id });
    const token = await fixture.token(['edit'], ['mine']);
    const list = await fixture.call('gateways.list', { token });
    expect(list.result.map((one: { id: string }) => one.id)).toEqual(['mine']);
    expect((await fixture.call('gateways.get', { params: { id: 'mine' }, token })).status).toBe(200);
    expect((await fixture.call('gateways.get', { params: { id: 'other' }, token })).status).toBe(403);
    expect((await fixture.call('gateways.delete', { params: { id: 'other' }, token })).status).toBe(403);
    const body = { id: 'third', ...MINIMAL_GATEWAY };
    expect((await fixture.call('gateways.create', { body, token })).status).toBe(403);
  });

  test('the default gateway is made once, however many first calls come together', async () => {
    const { snapshot } = fixture.control;
    const made = await Promise.all([1, 2, 3].map(() => snapshot.ensureDefaultGateway('acme')));
    expect(new Set(made.map((policy) => policy.key)).size).toBe(1);
    expect((await fixture.call('gateways.get', { params: { id: 'default' } })).result).toMatchObject({
      is_default: true,
      authentication: true,
      collect_logs: true,
      cache_ttl: 0,
      rate_limiting_limit: 0,
      byok_only: false,
      workers_ai_billing_mode: 'postpaid',
    });
  });
});

describe('urls', () => {
  const url = async (provider: string) =>
    (await fixture.call('urls.get', { params: { gateway_id: 'g', provider } })).result;

  test('names the address to call a provider at; without provider the base with a slash', async () => {
    await create();
    expect(await url('openai')).toBe('https://gateway.test/v1/acme/g/openai');
    expect(await url('universal')).toBe('https://gateway.test/v1/acme/g/');
    expect((await fixture.call('urls.base', { params: { gateway_id: 'g' } })).result).toBe(
      'https://gateway.test/v1/acme/g/',
    );
  });

  test('an unknown gateway is 404, an impossible provider 400', async () => {
    expect((await fixture.call('urls.get', { params: { gateway_id: 'g', provider: 'openai' } })).status).toBe(404);
    await create();
    const bad = await fixture.call('urls.get', { params: { gateway_id: 'g', provider: '../x' } });
    expect([bad.status, bad.body.errors[0]?.path]).toEqual([400, ['path', 'provider']]);
  });
});
