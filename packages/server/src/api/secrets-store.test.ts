import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
let store_id: string;
beforeEach(async () => {
  fixture = await apiFixture();
  store_id = (await fixture.call('secretStores.create', { body: { name: 'first' } })).result.id;
});

const VALUE = 'canary-secret-value';
const create = (...body: Record<string, unknown>[]) =>
  fixture.call('secrets.create', {
    params: { store_id },
    body: body.map((one) => ({ name: 's', scopes: ['ai_gateway'], value: VALUE, ...one })),
  });
const names = async (query: string) =>
  (await fixture.call('secrets.list', { params: { store_id }, query })).result.map((one: { name: string }) => one.name);

describe('stores', () => {
  test('are made, fetched, listed in an order and deleted', async () => {
    fixture.clock.advance(1);
    const made = (await fixture.call('secretStores.create', { body: { name: 'a-second' } })).result;
    expect(made).toMatchObject({ name: 'a-second', account_id: 'acme', created: '2030-01-01T00:00:00.001Z' });
    expect((await fixture.call('secretStores.get', { params: { store_id: made.id } })).result).toEqual(made);
    const list = async (query: string) =>
      (await fixture.call('secretStores.list', { query })).result.map((one: { name: string }) => one.name);
    expect(await list('')).toEqual(['first', 'a-second']);
    expect(await list('?order=name')).toEqual(['a-second', 'first']);
    expect(await list('?direction=desc&per_page=1')).toEqual(['a-second']);
    const gone = await fixture.call('secretStores.delete', { params: { store_id: made.id } });
    expect([gone.status, gone.result]).toEqual([200, null]);
    expect((await fixture.call('secretStores.get', { params: { store_id: made.id } })).status).toBe(404);
  });

  test('a taken name is a conflict', async () => {
    const again = await fixture.call('secretStores.create', { body: { name: 'first' } });
    expect([again.status, again.headers.get('x-should-retry')]).toEqual([409, 'false']);
  });

  test('one that holds secrets goes only when forced, and takes them along', async () => {
    const { result } = await create({});
    const remove = (query: string) => fixture.call('secretStores.delete', { params: { store_id }, query });
    const refused = await remove('');
    expect([refused.status, refused.body.errors[0]?.message]).toEqual([
      409,
      expect.stringContaining('store_not_empty'),
    ]);
    expect((await remove('?force=true')).status).toBe(200);
    expect((await fixture.call('secrets.get', { params: { store_id, id: result[0].id } })).status).toBe(404);
    expect((await fixture.call('secretsStore.quota')).result.secrets.usage).toBe(0);
  });
});

describe('secrets', () => {
  test('no answer shows a value', async () => {
    const made = await create({ comment: 'mine' });
    const [shown] = made.result;
    expect(shown).toMatchObject({ name: 's', store_id, comment: 'mine', scopes: ['ai_gateway'], status: 'active' });
    const one = { params: { store_id, id: shown.id } };
    const copy = await fixture.call('secrets.duplicate', { ...one, body: { name: 'copy', scopes: ['workers'] } });
    expect(copy.result).toMatchObject({ name: 'copy', scopes: ['workers'] });
    const replies = [
      made,
      copy,
      await fixture.call('secrets.get', one),
      await fixture.call('secrets.list', { params: { store_id } }),
      await fixture.call('secrets.edit', { ...one, body: { comment: 'changed' } }),
      await fixture.call('auditLogs.list'),
    ];
    for (const reply of replies) expect([reply.status, reply.text.includes(VALUE)]).toEqual([200, false]);
  });

  test('an edit changes what is given', async () => {
    const [{ id }] = (await create({ comment: 'a' })).result;
    const edit = (body: object) => fixture.call('secrets.edit', { params: { store_id, id }, body });
    expect((await edit({ scopes: ['workers'] })).result).toMatchObject({ comment: 'a', scopes: ['workers'] });
    await edit({ value: 'changed' });
    const stored = await fixture.control.secrets.get({ accountId: 'acme', parent: store_id }, id);
    expect(stored?.data).toEqual({ comment: 'a', scopes: ['workers'], value: 'changed' });
  });

  test('several are stored and deleted as one: all or none', async () => {
    expect((await create({ name: 'a' }, { name: 'b' }, { name: 'a' })).status).toBe(409);
    expect(await names('')).toEqual([]);
    const { result } = await create({ name: 'a' }, { name: 'b' });
    const ids = result.map(({ id }: { id: string }) => ({ id }));
    const remove = (body: unknown) => fixture.call('secrets.bulkDelete', { params: { store_id }, body });
    expect((await remove([...ids, { id: 'nope' }])).status).toBe(404);
    expect(await names('')).toEqual(['a', 'b']);
    expect((await remove(ids)).result).toBeNull();
    expect(await names('')).toEqual([]);
  });

  test('a list is searched by name and comment, narrowed by scope, ordered', async () => {
    await create({ name: 'b', comment: 'Payments' }, { name: 'a', scopes: ['workers', 'ai_gateway'] });
    expect(await names('?search=pay')).toEqual(['b']);
    expect(await names('?scopes=workers')).toEqual(['a']);
    expect(await names('?scopes=workers&scopes=ai_gateway')).toEqual(['a']);
    expect(await names('?order=name')).toEqual(['a', 'b']);
    expect(await names('?order=comment&direction=desc')).toEqual(['b', 'a']);
    expect(await names('?page=2')).toEqual([]);
  });

  const REFUSED: [string, Record<string, unknown>, (string | number)[]][] = [
    ['no name', { name: '' }, [0, 'name']],
    ['a name with a space', { name: 'a b' }, [0, 'name']],
    ['an unknown scope', { scopes: ['dns'] }, [0, 'scopes', 0]],
    ['an empty value', { value: '' }, [0, 'value']],
    ['a value over 64 KiB, counted in bytes', { value: 'é'.repeat(32_769) }, [0, 'value']],
  ];
  for (const [name, body, path] of REFUSED) {
    test(`refuses ${name}`, async () => {
      const reply = await create(body);
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['body', ...path]]);
    });
  }

  test('64 KiB is stored', async () => expect((await create({ value: 'é'.repeat(32_768) })).status).toBe(200));

  test('a secret is found in its own store only', async () => {
    const [{ id }] = (await create({})).result;
    const other = (await fixture.call('secretStores.create', { body: { name: 'other' } })).result.id;
    for (const name of ['secrets.get', 'secrets.delete'] as const) {
      expect((await fixture.call(name, { params: { store_id: other, id } })).status).toBe(404);
      expect((await fixture.call(name, { params: { store_id: 'nope', id } })).status).toBe(404);
    }
    expect((await fixture.call('secrets.delete', { params: { store_id, id } })).result).toBeNull();
  });
});
