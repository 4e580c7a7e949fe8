import { beforeAll, expect, test } from 'bun:test';
import { GATEWAY_DEFAULTS, type RouteElement } from '@headgate/contract';
import fc from 'fast-check';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

/** Whatever is valid is stored as it was sent, and read back the same. */

let fixture: ApiFixture;
beforeAll(async () => {
  fixture = await apiFixture();
  await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
});
const params = { gateway_id: 'g' };

let made = 0;
const nextId = () => `g-${made++}`;

const text = fc.string({ unit: 'binary', maxLength: 12 });
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 255 });
const some = fc.constantFrom(0, 1, 60, 0.5, 1e-6, 2 ** 40);
const whole = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31, Number.MAX_SAFE_INTEGER));
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const partial = <T extends object>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record(model, { requiredKeys: [] });

const action = fc.constantFrom('BLOCK', 'FLAG');
const dlp = fc.oneof(
  fc.record({ action, enabled: fc.boolean(), profiles: fc.array(text, { maxLength: 3 }) }),
  fc.record({
    enabled: fc.boolean(),
    policies: fc.array(
      fc.record({
        id: text.map((one) => `p${one}`),
        action,
        check: fc.subarray(['REQUEST', 'RESPONSE']),
        enabled: fc.boolean(),
        profiles: fc.array(text, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
  }),
);
const phase = partial({ S1: action, S7: action, S13: action, P1: action });
const dimension = fc.oneof(
  fc.record({ mode: fc.constant('filter'), values: fc.array(text, { maxLength: 3 }) }),
  fc.record({ mode: fc.constant('partition') }),
);
const spendRule = fc.record(
  {
    enabled: fc.boolean(),
    limit: some,
    limitType: fc.constant('cost'),
    window: whole,
    technique: fc.constantFrom('fixed', 'sliding'),
    mode: fc.constantFrom('enforce', 'observe'),
    metadata: fc.dictionary(fc.constantFrom('team', 'plan', 'a b'), dimension, { maxKeys: 2 }),
    model: dimension,
    provider: dimension,
  },
  { requiredKeys: ['limit', 'limitType', 'window'] },
);
const exporter = fc.record(
  {
    url: fc.constantFrom('https://otel.example/v1/traces', 'http://collector:4318'),
    headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), text),
    authorization: text,
    content_type: fc.constantFrom('json', 'protobuf'),
  },
  { requiredKeys: ['url', 'headers'] },
);

const required = {
  cache_invalidate_on_update: fc.boolean(),
  cache_ttl: orNull(whole),
  collect_logs: fc.boolean(),
  rate_limiting_interval: orNull(whole),
  rate_limiting_limit: orNull(whole),
};
const optional = {
  authentication: orNull(fc.boolean()),
  byok_only: orNull(fc.boolean()),
  dlp: orNull(dlp),
  guardrails: orNull(fc.record({ prompt: phase, response: phase })),
  log_classification: orNull(fc.boolean()),
  log_management: orNull(fc.integer({ min: 10_000, max: 10_000_000 })),
  log_management_strategy: orNull(fc.constantFrom('STOP_INSERTING', 'DELETE_OLDEST')),
  logpush: orNull(fc.boolean()),
  logpush_public_key: orNull(fc.string({ minLength: 16, maxLength: 1024 })),
  otel: orNull(fc.array(exporter, { maxLength: 3 })),
  rate_limiting_technique: orNull(fc.constantFrom('fixed', 'sliding')),
  retry_backoff: orNull(fc.constantFrom('constant', 'linear', 'exponential')),
  retry_delay: orNull(fc.integer({ min: 0, max: 60_000 })),
  retry_max_attempts: orNull(fc.integer({ min: 0, max: 5 })),
  spend_limits: orNull(partial({ enabled: fc.boolean(), rules: fc.array(spendRule, { maxLength: 4 }) })),
  store_id: orNull(text),
  stream_usage: orNull(fc.constantFrom('as_sent', 'inject')),
  stripe: orNull(
    fc.record({ authorization: text, usage_events: fc.array(fc.record({ payload: text }), { maxLength: 2 }) }),
  ),
  workers_ai_billing_mode: orNull(fc.constantFrom('postpaid', 'unified')),
  zdr: orNull(fc.boolean()),
};
const settings = fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) as never[] });

type Settings = Record<string, unknown>;

/** What must be read: null resets an optional setting, one left out stays as it was. */
function expected(given: Settings, before: Settings): Settings {
  const after: Settings = { ...before };
  for (const [key, value] of Object.entries(given)) {
    const isReset = value === null && key in GATEWAY_DEFAULTS;
    after[key] = isReset ? GATEWAY_DEFAULTS[key as keyof typeof GATEWAY_DEFAULTS] : value;
  }
  const limits = after.spend_limits as { enabled?: boolean; rules?: object[] } | null;
  if (limits !== null) {
    const rules = (limits.rules ?? []).map((rule) => {
      return { id: expect.any(String), enabled: true, technique: 'sliding', ...rule };
    });
    after.spend_limits = { enabled: limits.enabled ?? false, rules };
  }
  return after;
}

test('gateways', async () => {
  await fc.assert(
    fc.asyncProperty(settings, settings, async (first: Settings, second: Settings) => {
      const id = nextId();
      const created = await fixture.call('gateways.create', { body: { id, ...first } });
      const asMade = expected(first, { ...GATEWAY_DEFAULTS });
      expect([created.status, created.result]).toEqual([200, expect.objectContaining({ id, ...asMade })]);
      const read = async () => (await fixture.call('gateways.get', { params: { id } })).result;
      expect(await read()).toEqual(created.result);
      const updated = await fixture.call('gateways.update', { params: { id }, body: second });
      expect(updated.result).toMatchObject({ id, ...expected(second, created.result) });
      expect(await read()).toEqual(updated.result);
      const listed = (await fixture.call('gateways.list', { query: `?search=${id}&per_page=100` })).result;
      expect(listed.find((one: { id: string }) => one.id === id)).toEqual(updated.result);
      await fixture.call('gateways.delete', { params: { id } });
    }),
    { numRuns: 150 },
  );
}, 60_000);

const number = fc.constantFrom(0, -1, 1.5, 1e-9, 200, '100', '-2.5');
const FILTERS: [keys: string[], operators: string[], value: fc.Arbitrary<unknown>][] = [
  [
    ['provider', 'model', 'request_content_type', 'response_content_type'],
    ['eq', 'contains'],
    fc.oneof(text, fc.nat()),
  ],
  [['cost', 'tokens', 'tokens_in', 'tokens_out', 'duration', 'feedback'], ['eq', 'lt', 'gt'], number],
  [['success', 'cached'], ['eq'], fc.constantFrom(true, false, 'true', 'false')],
  [['created_at'], ['eq', 'lt', 'gt'], fc.constantFrom('2030-01-01T00:00:00Z', '2030-01-01', 1_900_000_000_000)],
];
const datasetFilter = fc.constantFrom(...FILTERS).chain(([keys, operators, value]) =>
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom(...operators),
    value: fc.array(value, { minLength: 1, maxLength: 4 }),
  }),
);
const datasetBody = fc.record({ name, enable: fc.boolean(), filters: fc.array(datasetFilter, { maxLength: 5 }) });

test('datasets', async () => {
  await fc.assert(
    fc.asyncProperty(datasetBody, datasetBody, async (first, second) => {
      const created = await fixture.call('datasets.create', { params, body: first });
      expect([created.status, created.result]).toEqual([200, expect.objectContaining(first)]);
      const one = { ...params, id: created.result.id };
      expect((await fixture.call('datasets.get', { params: one })).result).toEqual(created.result);
      const updated = (await fixture.call('datasets.update', { params: one, body: second })).result;
      expect(updated).toEqual({ ...created.result, ...second, modified_at: updated.modified_at });
      expect((await fixture.call('datasets.list', { params })).result).toEqual([updated]);
      await fixture.call('datasets.delete', { params: one });
    }),
    { numRuns: 200 },
  );
}, 60_000);

const scalar = fc.oneof(text, fc.boolean(), fc.constantFrom(0, -1, 2.5));
const comparison = fc.oneof(
  scalar,
  fc.tuple(fc.constantFrom('$eq', '$ne', '$gt', '$lte'), scalar).map(([operator, value]) => ({ [operator]: value })),
  fc.array(scalar, { maxLength: 3 }).map((values) => ({ $in: values })),
);
const { condition } = fc.letrec((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    fc.dictionary(fc.constantFrom('metadata.plan', 'model', 'a b'), comparison, { maxKeys: 2 }),
    fc.array(tie('condition'), { minLength: 1, maxLength: 2 }).map((all) => ({ $and: all })),
    tie('condition').map((one) => ({ $not: one })),
  ),
}));

type Body = RouteElement extends infer E ? (E extends RouteElement ? Omit<E, 'id'> : never) : never;

/** An element that leads to some of the later ones. */
function element(targets: string[]): fc.Arbitrary<Body> {
  const output = fc.constantFrom(...targets).map((elementId) => ({ elementId }));
  const outcomes = fc.record({ success: output, fallback: output }, { requiredKeys: [] });
  return fc.oneof(
    fc.record({
      type: fc.constant('conditional' as const),
      properties: fc.record({ conditions: condition }),
      outputs: fc.record({ true: output, false: output }),
    }),
    fc.record({
      type: fc.constant('percentage' as const),
      outputs: fc.tuple(fc.integer({ min: 1, max: 99 }), output, output).map(([share, a, b]) => {
        // Two outputs of 50 % would have one name.
        return share === 50 ? { '100%': a } : { [`${share}%`]: a, [`${100 - share}%`]: b };
      }),
    }),
    fc.record({
      type: fc.constant('rate' as const),
      properties: fc.record({
        key: name,
        limit: some,
        limitType: fc.constantFrom('count' as const, 'cost' as const),
        window: fc.constantFrom(1, 0.5, 3600),
      }),
      outputs: outcomes,
    }),
    fc.record({
      type: fc.constant('model' as const),
      properties: fc.record({ provider: name, model: name, timeout: some, retries: fc.nat({ max: 10 }) }),
      outputs: outcomes,
    }),
  );
}

/** A start, some elements that lead to later ones only, one or two ends; in any order. */
const graph: fc.Arbitrary<RouteElement[]> = fc
  .record({ middle: fc.nat({ max: 6 }), ends: fc.integer({ min: 1, max: 2 }) })
  .chain(({ middle, ends }) => {
    const ids = Array.from({ length: middle + ends }, (_, n) => `e${n}`);
    const inner = Array.from({ length: middle }, (_, n) =>
      element(ids.slice(n + 1)).map((body): RouteElement => ({ id: ids[n] ?? '', ...body }) as RouteElement),
    );
    return fc
      .tuple(...inner)
      .chain((elements) =>
        fc.shuffledSubarray<RouteElement>(
          [
            { id: 'start', type: 'start', outputs: { next: { elementId: ids[0] ?? '' } } },
            ...elements,
            ...ids.slice(middle).map((id): RouteElement => ({ id, type: 'end', outputs: {} })),
          ],
          { minLength: middle + ends + 1 },
        ),
      );
  });

test('routes and their versions', async () => {
  await fc.assert(
    fc.asyncProperty(graph, graph, async (first, second) => {
      const body = { name: nextId(), elements: first };
      const created = await fixture.call('dynamicRouting.create', { params, body });
      expect([created.status, created.result]).toEqual([200, expect.objectContaining(body)]);
      expect(JSON.parse(created.result.version.data)).toEqual(first);
      const one = { ...params, id: created.result.id };
      expect((await fixture.call('dynamicRouting.get', { params: one })).result).toEqual(created.result);
      const next = await fixture.call('dynamicRouting.createVersion', { params: one, body: { elements: second } });
      const { version_id } = next.result;
      const version = await fixture.call('dynamicRouting.getVersion', { params: { ...one, version_id } });
      expect([next.result.elements, version.result.elements]).toEqual([second, second]);
      await fixture.call('dynamicRouting.createDeployment', { params: one, body: { version_id } });
      expect((await fixture.call('dynamicRouting.get', { params: one })).result.elements).toEqual(second);
      await fixture.call('dynamicRouting.delete', { params: one });
    }),
    { numRuns: 150 },
  );
}, 60_000);
