import { beforeEach, describe, expect, test } from 'bun:test';
import type { RouteElement } from '@headgate/contract';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';

let fixture: ApiFixture;
let gatewayKey: string;
beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
});

/** A route that asks one model. */
const elements = (model: string): RouteElement[] => [
  { id: 'start', type: 'start', outputs: { next: { elementId: 'ask' } } },
  {
    id: 'ask',
    type: 'model',
    properties: { provider: 'openai', model, timeout: 1000, retries: 1 },
    outputs: { success: { elementId: 'end' }, fallback: { elementId: 'end' } },
  },
  { id: 'end', type: 'end', outputs: {} },
];

const params = { gateway_id: 'g' };
const create = (name = 'support', graph = elements('one')) =>
  fixture.call('dynamicRouting.create', { params, body: { name, elements: graph } });
const live = (name = 'support') => fixture.control.snapshot.route(gatewayKey, name);

describe('dynamic routing', () => {
  test('a new route is deployed at once, in the shapes of the official types', async () => {
    const { result } = await create();
    const at = '2030-01-01T00:00:00.000Z';
    expect(result).toEqual({
      id: expect.any(String),
      name: 'support',
      gateway_id: 'g',
      account_tag: 'acme',
      created_at: at,
      modified_at: at,
      elements: elements('one'),
      deployment: { deployment_id: expect.any(String), version_id: result.version.version_id, created_at: at },
      version: {
        version_id: expect.any(String),
        active: 'true',
        created_at: at,
        data: JSON.stringify(elements('one')),
        is_valid: true,
      },
    });
    expect((await fixture.call('dynamicRouting.get', { params: { ...params, id: result.id } })).result).toEqual(result);
    expect(live()).toEqual({
      id: result.id,
      name: 'support',
      versionId: result.version.version_id,
      elements: elements('one'),
    });
  });

  test('lists have their own envelope, newest first', async () => {
    const first = (await create('a')).result;
    fixture.clock.advance(1);
    const second = (await create('b')).result;
    const list = async (query: string) =>
      JSON.parse((await fixture.call('dynamicRouting.list', { params, query })).text);
    const order = { order_by: 'created_at', order_by_direction: 'desc' };
    expect(await list('')).toEqual({
      success: true,
      data: { routes: [second, first], page: 1, per_page: 20, total_count: 2, ...order },
    });
    expect((await list('?page=2&per_page=1')).data).toEqual({
      routes: [first],
      page: 2,
      per_page: 1,
      total_count: 2,
      ...order,
    });
    expect((await list('?page=3&per_page=1')).data.routes).toEqual([]);
  });

  test('an update renames, in an envelope of its own, and calls follow the name', async () => {
    const { id } = (await create()).result;
    const reply = await fixture.call('dynamicRouting.update', { params: { ...params, id }, body: { name: 'sales' } });
    expect(JSON.parse(reply.text)).toMatchObject({ success: true, route: { id, name: 'sales', account_tag: 'acme' } });
    expect([live(), live('sales')?.id]).toEqual([null, id]);
  });

  test('a new version serves nothing until it is deployed; an older one rolls back', async () => {
    const made = (await create()).result;
    const one = { ...params, id: made.id };
    fixture.clock.advance(1000);
    const version = (
      await fixture.call('dynamicRouting.createVersion', { params: one, body: { elements: elements('two') } })
    ).result;
    expect(version).toMatchObject({ id: made.id, name: 'support', elements: elements('two') });
    expect(live()?.elements).toEqual(elements('one'));

    const versions = async () =>
      JSON.parse((await fixture.call('dynamicRouting.listVersions', { params: one })).text).data.versions.map(
        (shown: { version_id: string; active: string }) => [shown.version_id, shown.active],
      );
    const [first, second] = [made.version.version_id, version.version_id];
    expect(await versions()).toEqual([
      [second, 'false'],
      [first, 'true'],
    ]);
    const deploy = (version_id: string) =>
      fixture.call('dynamicRouting.createDeployment', { params: one, body: { version_id } });
    const deployment = (await deploy(second)).result;
    expect(deployment).toMatchObject({ id: made.id, elements: elements('two'), version_id: second });
    expect(await versions()).toEqual([
      [second, 'true'],
      [first, 'false'],
    ]);
    expect(live()).toMatchObject({ versionId: second, elements: elements('two') });
    const shown = await fixture.call('dynamicRouting.getVersion', { params: { ...one, version_id: first } });
    expect(shown.result).toMatchObject({
      id: made.id,
      version_id: first,
      active: 'false',
      created_at: made.created_at,
      elements: elements('one'),
      data: JSON.stringify(elements('one')),
    });

    fixture.clock.advance(1000);
    await deploy(first);
    expect(live()?.elements).toEqual(elements('one'));
    const { data } = JSON.parse((await fixture.call('dynamicRouting.listDeployments', { params: one })).text);
    expect(data.deployments.map((entry: { version_id: string }) => entry.version_id)).toEqual([first, second, first]);
    expect(data.deployments[1]).toEqual({
      deployment_id: deployment.deployment_id,
      version_id: second,
      created_at: '2030-01-01T00:00:01.000Z',
    });
  });

  test('a deleted route is gone with its versions; the same name can be taken again and serves', async () => {
    const { id, version } = (await create()).result;
    const one = { ...params, id };
    const gone = (await fixture.call('dynamicRouting.delete', { params: one })).result;
    expect(gone).toMatchObject({ id, name: 'support', elements: elements('one') });
    expect(gone).not.toHaveProperty('deployment');
    expect(live()).toBeNull();
    for (const name of ['get', 'delete', 'listVersions', 'listDeployments'] as const) {
      expect((await fixture.call(`dynamicRouting.${name}`, { params: one })).status).toBe(404);
    }
    const { version_id } = version;
    const getVersion = await fixture.call('dynamicRouting.getVersion', { params: { ...one, version_id } });
    expect(getVersion.status).toBe(404);
    await create('support', elements('again'));
    expect(live()?.elements).toEqual(elements('again'));
  });

  test('a taken name is 409, by create and by rename', async () => {
    await create('a');
    const { id } = (await create('b')).result;
    const rename = await fixture.call('dynamicRouting.update', { params: { ...params, id }, body: { name: 'a' } });
    for (const reply of [await create('a'), rename]) {
      expect([reply.status, reply.headers.get('x-should-retry')]).toEqual([409, 'false']);
    }
    const list = JSON.parse((await fixture.call('dynamicRouting.list', { params })).text);
    expect(list.data.routes).toHaveLength(2);
  });

  test('what is wrong is said with its path', async () => {
    const { id } = (await create()).result;
    const bad = elements('x').slice(0, 2);
    const path = ['body', 'elements', 1, 'outputs', 'success', 'elementId'];
    const version = { params: { ...params, id }, body: { elements: bad } };
    for (const reply of [await create('other', bad), await fixture.call('dynamicRouting.createVersion', version)]) {
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, path]);
    }
    expect((await create('a b')).body.errors[0]?.path).toEqual(['body', 'name']);
    expect((await create('a/b')).body.errors[0]?.path).toEqual(['body', 'name']);
    const deploy = { params: { ...params, id }, body: { version_id: 'nope' } };
    expect((await fixture.call('dynamicRouting.createDeployment', deploy)).body.errors[0]?.path).toEqual([
      'body',
      'version_id',
    ]);
  });

  test('a version of another route can not be deployed', async () => {
    const first = (await create('a')).result;
    const second = (await create('b')).result;
    const deploy = { params: { ...params, id: first.id }, body: { version_id: second.version.version_id } };
    expect((await fixture.call('dynamicRouting.createDeployment', deploy)).status).toBe(400);
  });
});
