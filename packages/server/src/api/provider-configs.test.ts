import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
let gatewayKey: string;
beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
});

const KEY = 'sk-test-0123456789abcdef';
const params = { gateway_id: 'g' };
const create = (body: Record<string, unknown> = {}) =>
  fixture.call('providerConfigs.create', {
    params,
    body: { alias: 'default', default_config: true, provider_slug: 'openai', secret: KEY, ...body },
  });
const edit = (id: string, body: Record<string, unknown>) =>
  fixture.call('providerConfigs.edit', { params: { ...params, id }, body });
const keys = (slug = 'openai') => fixture.control.snapshot.providerKeys(gatewayKey, slug);

async function storedSecret(value: string): Promise<{ storeId: string; id: string }> {
  const storeId = (await fixture.call('secretStores.create', { body: { name: 'mine' } })).result.id;
  const body = [{ name: 'key', scopes: ['ai_gateway'], value }];
  const { result } = await fixture.call('secrets.create', { params: { store_id: storeId }, body });
  return { storeId, id: result[0].id };
}

describe('provider configs', () => {
  test('a new key is kept in a secrets store and never shown', async () => {
    const made = await create({ rate_limit: 5, rate_limit_period: 30, weight: 2.5 });
    expect(made.result).toMatchObject({
      alias: 'default',
      default_config: true,
      gateway_id: 'g',
      provider_slug: 'openai',
      secret_preview: '********cdef',
      rate_limit: 5,
      rate_limit_period: 30,
      weight: 2.5,
    });
    const { id, secret_id } = made.result;
    const list = await fixture.call('providerConfigs.list', { params });
    const one = await fixture.call('providerConfigs.get', { params: { ...params, id } });
    expect([list.result, one.result]).toEqual([[made.result], made.result]);
    const [store] = (await fixture.call('secretStores.list')).result;
    const secrets = await fixture.call('secrets.list', { params: { store_id: store.id } });
    expect(secrets.result).toMatchObject([{ id: secret_id, name: 'g_openai_default', scopes: ['ai_gateway'] }]);
    for (const reply of [made, list, one, secrets]) expect(reply.text).not.toContain(KEY);
  });

  test('the data plane sees the keys at once, in order of creation, and only of their provider', async () => {
    await create({ rate_limit: 5 });
    fixture.clock.advance(1);
    await create({ alias: 'second', default_config: false, secret: 'other-key', rate_limit_period: 10, weight: 0 });
    await create({ provider_slug: 'groq', secret: 'groq-key' });
    expect(keys().map(({ id: _id, secret, ...key }) => ({ ...key, secret: secret?.reveal() }))).toEqual([
      { alias: 'default', isDefault: true, secret: KEY, rateLimit: 5, rateLimitSeconds: 60, weight: 1 },
      { alias: 'second', isDefault: false, secret: 'other-key', rateLimit: null, rateLimitSeconds: 10, weight: 0 },
    ]);
    expect(keys('groq')).toHaveLength(1);
    expect(fixture.control.snapshot.providerKeys('another-gateway', 'openai')).toEqual([]);
  });

  test('several keys may share provider and alias: a pool', async () => {
    await create();
    await create({ secret: 'second' });
    expect(keys().map((key) => key.secret?.reveal())).toEqual([KEY, 'second']);
  });

  test('put and patch change what is given; a new key replaces the old value', async () => {
    const { id, secret_id } = (await create({ rate_limit: 5 })).result;
    fixture.clock.advance(1000);
    const changed = await edit(id, { alias: 'prod', rate_limit: null, secret: 'a-new-key-0123456789' });
    expect(changed.result).toMatchObject({
      alias: 'prod',
      default_config: true,
      rate_limit: null,
      secret_id,
      secret_preview: '********6789',
      modified_at: '2030-01-01T00:00:01.000Z',
    });
    expect(keys()[0]?.secret?.reveal()).toBe('a-new-key-0123456789');
    const moved = await fixture.call('providerConfigs.update', {
      params: { ...params, id },
      body: { provider_slug: 'groq', default_config: false },
    });
    expect(moved.result).toMatchObject({ alias: 'prod', provider_slug: 'groq', default_config: false });
    expect([keys().length, keys('groq').length]).toEqual([0, 1]);
  });

  test('a key that is in a secrets store is used by its id, and outlives the config', async () => {
    const { storeId, id: secret_id } = await storedSecret(KEY);
    const { id } = (await create({ secret: undefined, secret_id })).result;
    expect(keys()[0]?.secret?.reveal()).toBe(KEY);
    expect((await fixture.call('providerConfigs.delete', { params: { ...params, id } })).result).toMatchObject({ id });
    expect(keys()).toEqual([]);
    const kept = await fixture.call('secrets.get', { params: { store_id: storeId, id: secret_id } });
    expect(kept.status).toBe(200);
  });

  test('deleting a config takes the secret made with it along; so does changing to another secret', async () => {
    const count = async () => (await fixture.call('secretsStore.quota')).result.secrets.usage;
    const { id } = (await create()).result;
    await fixture.call('providerConfigs.delete', { params: { ...params, id } });
    expect(await count()).toBe(0);
    const second = (await create()).result;
    const { id: secret_id } = await storedSecret('another');
    expect((await edit(second.id, { secret_id })).result.secret_id).toBe(secret_id);
    expect(await count()).toBe(1);
  });

  test('a config whose secret was deleted stays, without a usable key, until it is given a new one', async () => {
    const { id, secret_id } = (await create()).result;
    const [store] = (await fixture.call('secretStores.list')).result;
    await fixture.call('secrets.delete', { params: { store_id: store.id, id: secret_id } });
    expect((await fixture.call('providerConfigs.get', { params: { ...params, id } })).result.secret_preview).toBe('');
    expect(keys()).toMatchObject([{ id, secret: null }]);
    await edit(id, { secret: 'again' });
    expect(keys()[0]?.secret?.reveal()).toBe('again');
  });

  test('a key in a shape that its provider cannot use is refused, and not repeated', async () => {
    const refused = await create({ provider_slug: 'google-vertex-ai', secret: 'no-service-account' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ code: 7001, path: ['body', 'secret'] }] } });
    expect(JSON.stringify(refused)).not.toContain('no-service-account');
    const { id } = (await create()).result;
    expect((await edit(id, { provider_slug: 'google-vertex-ai', secret: 'no-service-account' })).status).toBe(400);
    expect(keys()[0]?.secret?.reveal()).toBe(KEY);
  });

  test('the store that the gateway names is used', async () => {
    const { storeId } = await storedSecret('x');
    const other = (await fixture.call('secretStores.create', { body: { name: 'other' } })).result.id;
    await fixture.call('gateways.update', { params: { id: 'g' }, body: { ...MINIMAL_GATEWAY, store_id: other } });
    await create();
    const count = async (store_id: string) =>
      (await fixture.call('secrets.list', { params: { store_id } })).result.length;
    expect([await count(storeId), await count(other)]).toEqual([1, 1]);
  });

  test('deleting the gateway takes its configs and their own secrets along', async () => {
    await create();
    const { id: secret_id } = await storedSecret('of the account');
    await create({ secret: undefined, secret_id });
    await fixture.call('gateways.delete', { params: { id: 'g' } });
    expect(keys()).toEqual([]);
    expect((await fixture.call('secretsStore.quota')).result.secrets.usage).toBe(1);
    await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
    expect((await fixture.call('providerConfigs.list', { params })).result).toEqual([]);
  });

  const REFUSED: [string, Record<string, unknown>, string][] = [
    ['no secret at all', { secret: undefined }, 'secret'],
    ['both forms of secret', { secret_id: 'x' }, 'secret'],
    ['an empty secret', { secret: '' }, 'secret'],
    ['an unknown secret_id', { secret: undefined, secret_id: 'nope' }, 'secret_id'],
    ['no alias', { alias: '' }, 'alias'],
    ['an alias that fits no header', { alias: 'a b' }, 'alias'],
    ['an alias of 65 characters', { alias: 'x'.repeat(65) }, 'alias'],
    ['no provider', { provider_slug: undefined }, 'provider_slug'],
    ['a provider with a slash', { provider_slug: 'a/b' }, 'provider_slug'],
    ['a default_config that is no boolean', { default_config: 'yes' }, 'default_config'],
    ['a rate limit of 0', { rate_limit: 0 }, 'rate_limit'],
    ['half a second', { rate_limit_period: 0.5 }, 'rate_limit_period'],
    ['a negative weight', { weight: -1 }, 'weight'],
    ['too great a weight', { weight: 1001 }, 'weight'],
  ];
  for (const [name, body, field] of REFUSED) {
    test(`refuses ${name}`, async () => {
      const reply = await create(body);
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['body', field]]);
      expect((await fixture.call('providerConfigs.list', { params })).result).toEqual([]);
      expect((await fixture.call('secretsStore.quota')).result.secrets.usage).toBe(0);
    });
  }

  test('an unknown config or gateway is 404', async () => {
    expect((await edit('nope', { alias: 'x' })).status).toBe(404);
    for (const name of ['providerConfigs.get', 'providerConfigs.delete'] as const) {
      expect((await fixture.call(name, { params: { ...params, id: 'nope' } })).status).toBe(404);
    }
    expect((await fixture.call('providerConfigs.list', { params: { gateway_id: 'nope' } })).status).toBe(404);
  });

  test('a token for one gateway stores keys there, but takes none from the account', async () => {
    const token = await fixture.token(['edit'], ['g']);
    const { id: secret_id } = await storedSecret(KEY);
    const body = { alias: 'a', default_config: false, provider_slug: 'openai' };
    const send = (more: object) =>
      fixture.call('providerConfigs.create', { params, token, body: { ...body, ...more } });
    expect((await send({ secret: 'mine' })).status).toBe(200);
    expect((await send({ secret_id })).status).toBe(403);
  });
});
