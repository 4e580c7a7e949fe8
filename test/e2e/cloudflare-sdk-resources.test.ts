/** The official `cloudflare` package against a listening management API: everything that hangs on gateways and accounts. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Cloudflare from 'cloudflare';
import { all, failure, type SdkFixture, sdkFixture } from '../support/cloudflare-sdk.ts';
import { MINIMAL_GATEWAY } from '../support/management-api.ts';

const account_id = 'acme';
let fixture: SdkFixture;
let client: Cloudflare;

beforeAll(async () => {
  fixture = await sdkFixture();
  client = fixture.client;
});
afterAll(() => fixture.stop());

describe('aiGateway resources below a gateway', () => {
  const gateway_id = 'g';
  const scope = { account_id, gateway_id };
  beforeAll(() => client.aiGateway.create({ account_id, id: gateway_id, ...MINIMAL_GATEWAY }));

  test('providerConfigs: create and list, the key never shown', async () => {
    const made = await client.aiGateway.providerConfigs.create(gateway_id, {
      account_id,
      alias: 'default',
      default_config: true,
      provider_slug: 'openai',
      secret: 'sk-canary-0123456789abcdef',
      rate_limit: 10,
      rate_limit_period: 60,
    });
    expect(made).toMatchObject({ alias: 'default', gateway_id, rate_limit: 10, secret_preview: '********cdef' });
    expect(await all(client.aiGateway.providerConfigs.list(gateway_id, { account_id }))).toEqual([made]);
  });

  test('customProviders: create, list, get, delete', async () => {
    const body = {
      name: 'Mine',
      slug: 'mine',
      base_url: 'https://mine.example',
      beta: false,
      curl_example: 'curl',
      description: 'd',
      enable: true,
      headers: '{"x":"y"}',
      js_example: 'js',
      link: 'https://mine.example/docs',
      position: 1,
    };
    const made = await client.aiGateway.customProviders.create({ account_id, ...body });
    expect(made).toMatchObject(body);
    expect(await all(client.aiGateway.customProviders.list({ account_id, enable: true, search: 'mine' }))).toEqual([
      made,
    ]);
    expect(await client.aiGateway.customProviders.get(made.id, { account_id })).toEqual(made);
    const taken = await failure(client.aiGateway.customProviders.create({ account_id, ...body }));
    expect(taken).toBeInstanceOf(Cloudflare.ConflictError);
    expect((taken as InstanceType<typeof Cloudflare.ConflictError>).errors[0]).toMatchObject({ code: 1003 });
    expect(await client.aiGateway.customProviders.delete(made.id, { account_id })).toEqual(made);
  });

  test('datasets, evaluations and evaluation types', async () => {
    const { datasets, evaluations, evaluationTypes } = client.aiGateway;
    const filters = [{ key: 'provider', operator: 'eq', value: ['openai'] }] as const;
    const body = { name: 'all', enable: true, filters: filters.map((one) => ({ ...one, value: [...one.value] })) };
    const made = await datasets.create(gateway_id, { account_id, ...body });
    expect(made).toMatchObject({ ...body, gateway_id });
    expect(await datasets.update(made.id, { ...scope, ...body, name: 'renamed' })).toEqual({
      ...made,
      name: 'renamed',
    });
    expect((await datasets.get(made.id, scope)).name).toBe('renamed');
    expect(await all(datasets.list(gateway_id, { account_id, search: 'rena' }))).toHaveLength(1);

    const types = await all(evaluationTypes.list({ account_id }));
    const everyType = {
      account_id,
      name: 'first',
      dataset_ids: [made.id],
      evaluation_type_ids: types.map((type) => type.id),
      // Not among the SDK's parameters, which it passes on all the same.
      parameters: { exact_match: { text: 'a' }, contains: { text: 'a' }, regex: { pattern: 'a' } },
    };
    const evaluation = await evaluations.create(gateway_id, everyType);
    await fixture.evaluations.idle();
    const done = await evaluations.get(evaluation.id, scope);
    expect(done).toMatchObject({ name: 'first', processed: true, datasets: [{ id: made.id }] });
    expect(done.results.map((result) => result.evaluation_type_id)).toEqual(everyType.evaluation_type_ids);
    expect(await all(evaluations.list(gateway_id, { account_id, processed: true }))).toEqual([done]);
    expect(await evaluations.delete(evaluation.id, scope)).toEqual(done);
    expect((await datasets.delete(made.id, scope)).id).toBe(made.id);
  });

  test('dynamicRouting: all ten operations, each with its own envelope', async () => {
    const { dynamicRouting } = client.aiGateway;
    const end = { elementId: 'end' };
    const elements: Cloudflare.AIGateway.DynamicRoutingCreateParams['elements'] = [
      { id: 'start', type: 'start', outputs: { next: { elementId: 'plan' } } },
      {
        id: 'plan',
        type: 'conditional',
        properties: { conditions: { 'metadata.plan': { $eq: 'pro' } } },
        outputs: { true: { elementId: 'split' }, false: { elementId: 'rate' } },
      },
      { id: 'split', type: 'percentage', outputs: { '10%': { elementId: 'model' }, '90%': end } },
      {
        id: 'rate',
        type: 'rate',
        properties: { key: 'metadata.user_id', limit: 10, limitType: 'count', window: 60 },
        outputs: { success: { elementId: 'model' }, fallback: end },
      },
      {
        id: 'model',
        type: 'model',
        properties: { model: 'gpt', provider: 'openai', retries: 0, timeout: 0 },
        outputs: { success: end, fallback: end },
      },
      { id: 'end', type: 'end', outputs: {} },
    ];
    const route = await dynamicRouting.create(gateway_id, { account_id, name: 'support', elements });
    expect(route).toMatchObject({ name: 'support', gateway_id, version: { active: 'true' } });
    expect(route.elements as unknown).toEqual(elements);
    expect(await dynamicRouting.get(route.id, scope)).toEqual(route);
    const list = await dynamicRouting.list(gateway_id, { account_id });
    expect(list).toMatchObject({
      success: true,
      data: { page: 1, routes: [{ id: route.id, account_tag: account_id }] },
    });
    const renamed = await dynamicRouting.update(route.id, { ...scope, name: 'sales' });
    expect(renamed).toMatchObject({ success: true, route: { id: route.id, name: 'sales' } });
    const version = await dynamicRouting.createVersion(route.id, { ...scope, elements });
    expect(version.id).toBe(route.id);
    const versions = await dynamicRouting.listVersions(route.id, scope);
    const version_id = versions.data.versions.find((one) => one.active === 'false')?.version_id ?? '';
    expect(await dynamicRouting.createDeployment(route.id, { ...scope, version_id })).toMatchObject({ id: route.id });
    const shown = await dynamicRouting.getVersion(version_id, { ...scope, id: route.id });
    expect(shown).toMatchObject({ version_id, active: 'true', id: route.id });
    expect((await dynamicRouting.listDeployments(route.id, scope)).data.deployments).toHaveLength(2);
    expect((await dynamicRouting.delete(route.id, scope)).id).toBe(route.id);
  });
});

describe('secretsStore', () => {
  test('stores and secrets', async () => {
    const { stores } = client.secretsStore;
    const store = await stores.create({ account_id, name: 'sdk' });
    expect(await stores.get(store.id, { account_id })).toEqual(store);
    expect((await all(stores.list({ account_id }))).map((one) => one.id)).toContain(store.id);
    const body = [{ name: 'KEY', scopes: ['ai_gateway' as const], value: 'canary', comment: 'c' }];
    const [secret] = await all(stores.secrets.create(store.id, { account_id, body }));
    const id = secret?.id ?? '';
    const scope = { account_id, store_id: store.id };
    expect(secret).toMatchObject({ name: 'KEY', status: 'active', store_id: store.id });
    expect(await stores.secrets.edit(id, { ...scope, comment: 'd' })).toMatchObject({ comment: 'd' });
    expect(await stores.secrets.get(id, scope)).toMatchObject({ comment: 'd' });
    const copy = await stores.secrets.duplicate(id, { ...scope, name: 'COPY', scopes: ['workers'] });
    expect(
      (await all(stores.secrets.list(store.id, { account_id, scopes: ['workers'] }))).map((one) => one.id),
    ).toEqual([copy.id]);
    expect((await client.secretsStore.quota.get({ account_id })).secrets.usage).toBeGreaterThanOrEqual(2);
    expect(await stores.secrets.delete(id, scope)).toBeNull();
    expect(await failure(stores.delete(store.id, { account_id }))).toBeInstanceOf(Cloudflare.ConflictError);
    expect(await stores.delete(store.id, { account_id, force: true })).toBeNull();
  });
});

test('auditLogs.list', async () => {
  const [latest] = await all(client.auditLogs.list({ account_id, per_page: 1000, direction: 'desc' }));
  expect(latest).toMatchObject({ action: { type: 'delete' }, resource: { type: 'ai_gateway.secret_store' } });
});
