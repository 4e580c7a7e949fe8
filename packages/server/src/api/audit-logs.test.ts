import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const one = { params: { id: 'g' } };
const create = () =>
  fixture.call('gateways.create', {
    body: { id: 'g', ...MINIMAL_GATEWAY, stripe: { authorization: 'canary', usage_events: [] } },
  });
const list = async (query = '') => (await fixture.call('auditLogs.list', { query })).result;

describe('the audit log', () => {
  test('holds who changed what, from what, to what; secrets are left out', async () => {
    const { internal_id } = (await create()).result;
    fixture.clock.advance(10);
    await fixture.call('gateways.update', { ...one, body: { ...MINIMAL_GATEWAY, cache_ttl: 60 } });
    fixture.clock.advance(10);
    await fixture.call('gateways.delete', one);
    const [deleted, updated, created] = await list();
    expect(updated).toMatchObject({
      when: '2030-01-01T00:00:00.010Z',
      action: { type: 'update', info: 'gateway updated', result: true },
      actor: { id: 'admin-acme', type: 'user' },
      resource: { id: internal_id, type: 'ai_gateway.gateway' },
      owner: { id: 'acme' },
      metadata: { name: 'g', actor_name: 'Administrator' },
      oldValueJson: { cache_ttl: 0 },
      newValueJson: { cache_ttl: 60, stripe: { authorization: '' } },
    });
    expect(JSON.parse(updated.newValue)).toEqual(updated.newValueJson);
    expect([created.action.type, created.oldValue, deleted.action.type, deleted.newValue]).toEqual([
      'create',
      '',
      'delete',
      '',
    ]);
    expect(JSON.stringify(await list())).not.toContain('canary');
  });

  test('is narrowed by time, action and id, and paged both ways', async () => {
    await create();
    fixture.clock.advance(1000);
    await fixture.call('gateways.delete', one);
    const actions = async (query: string) =>
      (await list(query)).map((entry: { action: { info: string } }) => entry.action.info);
    const all = ['gateway deleted', 'gateway created', 'token created'];
    expect(await actions('')).toEqual(all);
    expect(await actions('?direction=asc')).toEqual(all.toReversed());
    expect(await actions('?action.type=delete')).toEqual(['gateway deleted']);
    expect(await actions('?since=2030-01-01T00:00:01Z')).toEqual(['gateway deleted']);
    expect(await actions('?before=2030-01-01T00:00:01Z')).toEqual(all.slice(1));
    expect(await actions('?per_page=1&page=2')).toEqual(['gateway created']);
    const [{ id }] = await list();
    expect(await actions(`?id=${id}`)).toEqual(['gateway deleted']);
  });

  test('what was refused leaves no entry, what was done as one has them all', async () => {
    await create();
    const before = (await list()).length;
    await create();
    await fixture.call('gateways.update', { ...one, body: {} });
    expect((await list()).length).toBe(before);
    const body = { alias: 'a', default_config: true, provider_slug: 'openai', secret: 'canary' };
    await fixture.call('providerConfigs.create', { params: { gateway_id: 'g' }, body });
    const made = (await list()).slice(0, -before).map((entry: { resource: { type: string } }) => entry.resource.type);
    expect(made.sort()).toEqual(['ai_gateway.provider_config', 'ai_gateway.secret', 'ai_gateway.secret_store']);
  });
});

describe('ETag and If-Match', () => {
  const update = (match: string) =>
    fixture.call('gateways.update', { ...one, body: MINIMAL_GATEWAY, headers: { 'if-match': match } });

  test('a write that builds on what is there passes, on what was there is 412', async () => {
    const first = (await create()).headers.get('etag') ?? '';
    expect(first).toMatch(/^"[^"]+"$/);
    expect((await fixture.call('gateways.get', one)).headers.get('etag')).toBe(first);
    const changed = await update(first);
    const second = changed.headers.get('etag') ?? '';
    expect([changed.status, second === first]).toEqual([200, false]);
    const stale = await update(first);
    expect([stale.status, stale.body.errors[0]?.code]).toEqual([412, 7012]);
    expect((await fixture.call('gateways.delete', { ...one, headers: { 'if-match': first } })).status).toBe(412);
    expect((await update(`"other", W/${second}`)).status).toBe(200);
    expect((await update('*')).status).toBe(200);
  });

  test('of two writes on the same version one is refused', async () => {
    const tag = (await create()).headers.get('etag') ?? '';
    const replies = await Promise.all([update(tag), update(tag)]);
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 412]);
  });

  test('a thing that was deleted and made again is another one', async () => {
    const tag = (await create()).headers.get('etag') ?? '';
    await fixture.call('gateways.delete', one);
    await create();
    expect((await update(tag)).status).toBe(412);
  });
});
