import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const create = (body: Record<string, unknown> = {}) =>
  fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY, ...body } });
const update = (body: Record<string, unknown>) =>
  fixture.call('gateways.update', { params: { id: 'g' }, body: { ...MINIMAL_GATEWAY, ...body } });

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
