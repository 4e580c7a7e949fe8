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
  ['stream_usage', ['as_sent', 'inject']],
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
  ['stream_usage', [['always'], [true]]],
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
