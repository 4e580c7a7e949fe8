import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const MINIMAL = { name: 'Acme AI', slug: 'acme-ai', base_url: 'https://api.acme.example/v2' };
const COMPLETE = {
  ...MINIMAL,
  description: 'ours',
  link: 'https://acme.example',
  enable: true,
  beta: true,
  curl_example: 'curl',
  js_example: 'fetch()',
  headers: '{"x-key":"canary-header"}',
  position: 3,
};
const create = (body: Record<string, unknown> = {}) =>
  fixture.call('customProviders.create', { body: { ...MINIMAL, ...body } });
const edit = (id: string, body: Record<string, unknown>) =>
  fixture.call('customProviders.edit', { params: { id }, body });
const live = (slug = 'acme-ai') => fixture.control.snapshot.customProvider('acme', slug);

describe('custom providers', () => {
  test('every field is stored and read back', async () => {
    const made = (await create(COMPLETE)).result;
    expect(made).toMatchObject({ ...COMPLETE, account_id: 'acme', account_tag: 'acme' });
    expect(Buffer.from(made.logo, 'base64').toString()).toMatch(/^<svg .*>A<.*<\/svg>$/);
    expect((await fixture.call('customProviders.get', { params: { id: made.id } })).result).toEqual(made);
    expect((await fixture.call('customProviders.list')).result).toEqual([made]);
    expect((await fixture.call('customProviders.delete', { params: { id: made.id } })).result).toEqual(made);
  });

  test('is off unless enabled, and then in force at once', async () => {
    const { id, enable, beta } = (await create({ headers: '{"x-key":"v"}' })).result;
    expect([enable, beta, live()]).toEqual([false, false, null]);
    await edit(id, { enable: true });
    expect(live()).toEqual({
      id,
      slug: 'acme-ai',
      baseUrl: 'https://api.acme.example/v2',
      headers: { 'x-key': 'v' },
    });
    await edit(id, { slug: 'renamed' });
    expect([live(), live('renamed')?.id]).toEqual([null, id]);
    await fixture.call('customProviders.delete', { params: { id } });
    expect(live('renamed')).toBeNull();
  });

  test('an edit changes what is given; null clears', async () => {
    const { id } = (await create(COMPLETE)).result;
    expect((await edit(id, { name: 'New' })).result).toMatchObject({ ...COMPLETE, name: 'New' });
    const nulls = {
      description: null,
      link: null,
      headers: null,
      position: null,
      curl_example: null,
      js_example: null,
    };
    expect((await edit(id, { ...nulls, enable: null, beta: null })).result).toMatchObject({
      ...nulls,
      enable: false,
      beta: false,
    });
  });

  test('headers may hold credentials: clear to edit, masked to read, not in the audit log', async () => {
    const { id } = (await create(COMPLETE)).result;
    const token = await fixture.token(['read']);
    const shown = await fixture.call('customProviders.get', { params: { id }, token });
    expect(shown.result.headers).toBe('********');
    expect((await fixture.call('auditLogs.list')).text).not.toContain('canary-header');
  });

  test('a taken slug is 409/1003 at the slug, by create and by edit', async () => {
    await create();
    const { id } = (await create({ slug: 'other' })).result;
    for (const reply of [await create(), await edit(id, { slug: 'acme-ai' })]) {
      expect([reply.status, reply.headers.get('x-should-retry')]).toEqual([409, 'false']);
      expect(reply.body.errors).toEqual([{ code: 1003, message: expect.any(String), path: ['body', 'slug'] }]);
    }
  });

  test.each([
    'http://api.acme.example',
    'ftp://api.acme.example',
    'api.acme.example',
    '',
    'https://user:pass@api.acme.example',
    'https://api.acme.example?key=1',
    'https://api.acme.example/#x',
    'https://localhost',
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://10.0.0.1:8443/v1',
    'https://169.254.169.254/latest',
    'https://[::1]',
    'https://[::ffff:192.168.0.1]/',
  ])('base_url %p is 400/1002', async (base_url) => {
    const { id } = (await create()).result;
    for (const reply of [await create({ slug: 'other', base_url }), await edit(id, { base_url })]) {
      expect(reply.status).toBe(400);
      expect(reply.body.errors).toEqual([{ code: 1002, message: expect.any(String), path: ['body', 'base_url'] }]);
    }
  });

  test('a host that the operator allows may be private and without TLS', async () => {
    expect((await create({ base_url: 'http://mock.internal:9000/v1' })).status).toBe(200);
  });

  test.each<[string, unknown]>([
    ['name', ''],
    ['name', undefined],
    ['slug', 'a_b'],
    ['slug', ''],
    ['slug', 'x'.repeat(65)],
    ['base_url', 7],
    ['enable', 'yes'],
    ['position', '1'],
    ['headers', {}],
    ['headers', 'x'],
    ['headers', '[]'],
    ['headers', '{"a":1}'],
    ['headers', '{"a b":"c"}'],
    ['headers', '{"a":"b\\nc"}'],
  ])('%s %p is 400/7001', async (field, value) => {
    const reply = await create({ [field]: value });
    expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.path]).toEqual([
      400,
      7001,
      ['body', field],
    ]);
  });

  test('an unknown one is 404/1004', async () => {
    for (const reply of [
      await fixture.call('customProviders.get', { params: { id: 'nope' } }),
      await fixture.call('customProviders.delete', { params: { id: 'nope' } }),
      await edit('nope', {}),
    ]) {
      expect([reply.status, reply.body.errors[0]?.code]).toEqual([404, 1004]);
    }
  });

  test('a list is in order of position, then name; filters and searches', async () => {
    await create({ slug: 'c', name: 'C' });
    await create({ slug: 'b', name: 'B', enable: true });
    fixture.clock.advance(1);
    await create({ slug: 'z', name: 'Z', position: 1, beta: true });
    const slugs = async (query: string) =>
      (await fixture.call('customProviders.list', { query })).result.map((one: { slug: string }) => one.slug).join();
    expect(await slugs('')).toBe('z,b,c');
    expect(await slugs('?order_by=name%20DESC')).toBe('z,c,b');
    expect(await slugs('?order_by=created_at%20desc&per_page=1')).toBe('z');
    expect(await slugs('?enable=true')).toBe('b');
    expect(await slugs('?enable=false&beta=false')).toBe('c');
    expect(await slugs('?search=Z')).toBe('z');
    expect((await fixture.call('customProviders.list', { query: '?order_by=colour' })).status).toBe(400);
  });
});
