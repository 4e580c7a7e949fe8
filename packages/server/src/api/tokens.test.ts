import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const account = { 'com.cloudflare.api.account.acme': '*' };
const policy = (group: string, more: Record<string, unknown> = {}) => ({
  effect: 'allow',
  permission_groups: [{ id: group }],
  resources: account,
  ...more,
});
const create = (body: Record<string, unknown>) => fixture.call('tokens.create', { body: { name: 't', ...body } });
const short = (...permissions: string[]) => create({ permissions });
const verify = (token: string) => fixture.call('tokens.verify', { token });

describe('tokens', () => {
  test('a value is shown by create and roll only, and works until it is rolled or deleted', async () => {
    const { result } = await short('read');
    const { value, ...shown } = result;
    expect(value).toMatch(/^hg_[A-Za-z0-9]{40}$/);
    const one = { params: { id: result.id } };
    expect((await fixture.call('tokens.get', one)).result).toEqual(shown);
    expect((await fixture.call('tokens.list')).text).not.toContain(value);
    expect((await verify(value)).result).toEqual({ id: result.id, status: 'active' });

    const rolled = (await fixture.call('tokens.roll', one)).result;
    expect((await verify(value)).status).toBe(401);
    expect((await verify(rolled)).status).toBe(200);

    expect((await fixture.call('tokens.delete', one)).result).toEqual({ id: result.id });
    expect((await verify(rolled)).status).toBe(401);
    for (const name of ['tokens.get', 'tokens.delete', 'tokens.roll'] as const) {
      expect((await fixture.call(name, one)).status).toBe(404);
    }
  });

  test('both verify addresses answer for any live token', async () => {
    const { id, value } = (await short('run')).result;
    for (const name of ['tokens.verify', 'tokens.verifyUser'] as const) {
      expect((await fixture.call(name, { token: value })).result).toEqual({ id, status: 'active' });
    }
  });

  test('is refused before not_before, from expires_on on, and while disabled', async () => {
    const now = fixture.clock.nowMs();
    const at = (ms: number) => new Date(now + ms).toISOString();
    const { id, value } = (await create({ permissions: ['read'], not_before: at(1000), expires_on: at(2000) })).result;
    const status = async () => (await fixture.call('tokens.get', { params: { id } })).result.status;
    expect((await verify(value)).status).toBe(401);
    fixture.clock.advance(1000);
    expect((await verify(value)).result).toEqual({
      id,
      status: 'active',
      expires_on: at(2000),
      not_before: at(1000),
    });
    fixture.clock.advance(1000);
    expect([(await verify(value)).status, await status()]).toEqual([401, 'expired']);

    const update = (body: Record<string, unknown>) =>
      fixture.call('tokens.update', { params: { id }, body: { name: 't', permissions: ['read'], ...body } });
    expect((await update({ expires_on: null })).result).toMatchObject({ expires_on: null, not_before: at(1000) });
    expect((await verify(value)).status).toBe(200);
    await update({ status: 'disabled' });
    expect([(await verify(value)).status, await status()]).toEqual([401, 'disabled']);
    await update({ status: 'active' });
    expect((await verify(value)).status).toBe(200);
  });

  const GRANTS: [string, Record<string, unknown>, string[], string[] | null][] = [
    ['short form', { permissions: ['run', 'metadata-read'] }, ['run', 'metadata-read'], null],
    ['read holds metadata-read', { permissions: ['read'] }, ['read', 'metadata-read'], null],
    ['edit holds all', { permissions: ['edit'] }, ['read', 'edit', 'run', 'metadata-read'], null],
    ['short form on gateways', { permissions: ['run'], gateways: ['b', 'a'] }, ['run'], ['a', 'b']],
    ['policy on an account', { policies: [policy('ai_gateway_run')] }, ['run'], null],
    [
      'policy on all accounts',
      { policies: [policy('ai_gateway_read', { resources: { 'com.cloudflare.api.account.*': '*' } })] },
      ['read', 'metadata-read'],
      null,
    ],
    [
      'policy on a gateway',
      { policies: [policy('ai_gateway_run', { resources: { 'com.headgate.gateway.g': '*' } })] },
      ['run'],
      ['g'],
    ],
    [
      'nested resources',
      {
        policies: [
          policy('ai_gateway_run', {
            resources: { 'com.cloudflare.api.account.acme': { 'com.headgate.gateway.g': '*' } },
          }),
        ],
      },
      ['run'],
      ['g'],
    ],
    [
      'policies add up, a denial takes away',
      {
        policies: [policy('ai_gateway_read'), policy('ai_gateway_edit'), policy('ai_gateway_run', { effect: 'deny' })],
      },
      ['read', 'edit', 'metadata-read'],
      null,
    ],
  ];
  for (const [name, body, permissions, gateways] of GRANTS) {
    test(`grants: ${name}`, async () => {
      const { result } = await create(body);
      expect([result.permissions.toSorted(), result.gateways]).toEqual([permissions.toSorted(), gateways]);
      const seen = fixture.control.snapshot.token(result.value);
      expect([...(seen?.permissions ?? [])].sort()).toEqual(permissions.toSorted() as never);
      expect(seen?.gateways).toEqual(gateways === null ? null : new Set(gateways));
    });
  }

  const REFUSED: [string, Record<string, unknown>, (string | number)[]][] = [
    ['no grant', {}, ['policies']],
    ['both forms', { permissions: ['read'], policies: [policy('ai_gateway_run')] }, ['policies']],
    ['empty permissions', { permissions: [] }, ['permissions']],
    ['unknown permission', { permissions: ['all'] }, ['permissions', 0]],
    ['empty gateways', { permissions: ['read'], gateways: [] }, ['gateways']],
    ['unknown group', { policies: [policy('dns_edit')] }, ['policies', 0, 'permission_groups', 0, 'id']],
    ['unknown effect', { policies: [policy('ai_gateway_run', { effect: 'maybe' })] }, ['policies', 0, 'effect']],
    [
      'another account',
      { policies: [policy('ai_gateway_run', { resources: { 'com.cloudflare.api.account.other': '*' } })] },
      ['policies'],
    ],
    [
      'an unknown resource',
      { policies: [policy('ai_gateway_run', { resources: { 'com.cloudflare.zone.x': '*' } })] },
      ['policies'],
    ],
    [
      'policies on different gateways, which would lend each other permissions',
      {
        policies: [
          policy('ai_gateway_read'),
          policy('ai_gateway_edit', { resources: { 'com.headgate.gateway.g': '*' } }),
        ],
      },
      ['policies'],
    ],
    [
      'a condition, which is not enforced',
      { permissions: ['run'], condition: { request_ip: { in: [] } } },
      ['condition'],
    ],
    ['a time that is none', { permissions: ['run'], expires_on: 'soon' }, ['expires_on']],
    ['no name', { name: '', permissions: ['run'] }, ['name']],
  ];
  for (const [name, body, path] of REFUSED) {
    test(`refuses ${name}`, async () => {
      const reply = await create(body);
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['body', ...path]]);
    });
  }

  test('list pages, both ways, with or without what has expired', async () => {
    fixture.clock.advance(1);
    await create({ name: 'old', permissions: ['run'], expires_on: '2029-01-01T00:00:00Z' });
    fixture.clock.advance(1);
    await create({ name: 'new', permissions: ['run'] });
    const names = async (query: string) =>
      (await fixture.call('tokens.list', { query })).result.map((token: { name: string }) => token.name);
    expect(await names('')).toEqual(['Administrator', 'old', 'new']);
    expect(await names('?direction=desc&per_page=1')).toEqual(['new']);
    expect(await names('?include_expired=false')).toEqual(['Administrator', 'new']);
    expect(await names('?page=2')).toEqual([]);
  });

  test('permission groups are listed by the ids that policies name', async () => {
    const groups = (await fixture.call('tokens.permissionGroups')).result;
    expect(groups.map((group: { id: string }) => group.id)).toEqual([
      'ai_gateway_read',
      'ai_gateway_edit',
      'ai_gateway_run',
      'ai_gateway_metadata_read',
    ]);
    const named = await fixture.call('tokens.permissionGroups', { query: '?name=AI%20Gateway%20Run' });
    expect(named.result.map((group: { id: string }) => group.id)).toEqual(['ai_gateway_run']);
  });

  test('a token restricted to a gateway can not make one that is not', async () => {
    await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
    const token = await fixture.token(['edit'], ['g']);
    const made = await fixture.call('tokens.create', { token, body: { name: 'x', permissions: ['edit'] } });
    expect([made.status, made.body.errors[0]?.code]).toEqual([403, 10001]);
  });

  test('the administrator value given at start replaces the earlier one', async () => {
    expect(await fixture.control.ensureAdminToken(null)).toBeNull();
    expect(await fixture.control.ensureAdminToken('a-new-admin-value')).toBeNull();
    expect((await verify(fixture.adminToken)).status).toBe(401);
    expect((await verify('a-new-admin-value')).status).toBe(200);
  });
});
