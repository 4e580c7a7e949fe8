import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../../packages/client/src/index.ts';
import { MAIN, runCommand } from '../support/command.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { MINIMAL_GATEWAY } from '../support/management-api.ts';

/** The typed client and the command line made of it, against a real server over sockets. */

let server: Headgate;
let client: Client;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'headgate-client-'));
  server = await startHeadgate();
  client = createClient({ baseUrl: server.origin, token: server.adminToken });
  await client.gateways.create({ body: { id: 'default', ...MINIMAL_GATEWAY } });
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

const ELEMENTS = [
  { id: 'start', type: 'start' as const, outputs: { next: { elementId: 'end' } } },
  { id: 'end', type: 'end' as const, outputs: {} },
];

/** One call through a gateway; its log row is there when this resolves. */
async function call(gateway: string, model: string): Promise<void> {
  const response = await fetch(`${server.origin}/v1/local/${gateway}/sandbox/v1/chat/completions`, {
    method: 'POST',
    headers: { 'cf-aig-authorization': `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  await response.text();
  const filters = [{ key: 'model' as const, operator: 'eq' as const, value: [model] }];
  while ((await client.logs.list({ gateway_id: gateway, filters })).items.length === 0);
}

describe('every resource, there and back', () => {
  const gateway_id = 'round';
  beforeAll(() => client.gateways.create({ body: { id: gateway_id, ...MINIMAL_GATEWAY } }));

  test('gateways and their addresses', async () => {
    const made = await client.gateways.create({ body: { id: 'g1', ...MINIMAL_GATEWAY, cache_ttl: 60 } });
    expect(await client.gateways.get({ id: 'g1' })).toEqual(made);
    const updated = await client.gateways.update({
      id: 'g1',
      body: { ...MINIMAL_GATEWAY, cache_ttl: 5, zdr: undefined },
    });
    expect(updated).toEqual({ ...made, cache_ttl: 5, modified_at: updated.modified_at });
    const all = await Array.fromAsync(client.gateways.list.iterate({ per_page: 1 }), ({ id }) => id);
    expect(all).toContain('g1');
    expect(all).toContain(gateway_id);
    expect(await client.urls.base({ gateway_id: 'g1' })).toBe(`${server.origin}/v1/local/g1/`);
    expect(await client.urls.get({ gateway_id: 'g1', provider: 'openai' })).toStartWith(
      `${server.origin}/v1/local/g1/`,
    );
    expect(await client.gateways.delete({ id: 'g1' })).toMatchObject({ id: 'g1' });
    expect(await client.safe.gateways.get({ id: 'g1' })).toMatchObject({
      ok: false,
      error: { status: 404, code: 7002 },
    });
  });

  test('logs: rows, bodies, feedback, deletion', async () => {
    await call(gateway_id, 'echo');
    const [row] = (await client.logs.list({ gateway_id, success: true, order_by: 'cost', meta_info: true })).items;
    const id = row?.id ?? '';
    const scope = { gateway_id, id };
    expect((await client.logs.get(scope)).request_head).toContain('"Hi"');
    expect(JSON.parse(await (await client.logs.request(scope)).text())).toMatchObject({ model: 'echo' });
    expect((await client.logs.response(scope)).headers.get('content-type')).toContain('application/json');
    expect((await client.logs.edit({ ...scope, body: { feedback: 1, score: 5 } })).feedback).toBe(1);
    const filters = [{ key: 'id' as const, operator: 'eq' as const, value: [id] }];
    expect(await client.logs.delete({ gateway_id, filters })).toEqual({ success: true });
    expect((await client.logs.list({ gateway_id })).info.total_count).toBe(0);
  });

  test('provider keys', async () => {
    const body = { alias: 'a', default_config: true, provider_slug: 'openai', secret: 'sk-canary-0123456789abcdef' };
    const made = await client.providerConfigs.create({ gateway_id, body });
    const scope = { gateway_id, id: made.id };
    expect(await client.providerConfigs.get(scope)).toEqual(made);
    expect((await client.providerConfigs.list({ gateway_id })).items).toEqual([made]);
    expect((await client.providerConfigs.edit({ ...scope, body: { alias: 'b' } })).alias).toBe('b');
    expect((await client.providerConfigs.update({ ...scope, body: { alias: 'c' } })).alias).toBe('c');
    expect((await client.providerConfigs.delete(scope)).id).toBe(made.id);
  });

  test('custom providers', async () => {
    const body = { name: 'Mine', slug: 'mine', base_url: 'https://mine.example' };
    const { id } = await client.customProviders.create({ body });
    expect(await client.customProviders.get({ id })).toMatchObject(body);
    expect((await client.customProviders.edit({ id, body: { enable: true } })).enable).toBe(true);
    expect((await client.customProviders.list({ enable: true })).items.map((one) => one.id)).toEqual([id]);
    expect(await client.safe.customProviders.create({ body })).toMatchObject({ ok: false, error: { code: 1003 } });
    expect((await client.customProviders.delete({ id })).id).toBe(id);
  });

  test('secrets stores and secrets', async () => {
    const store = await client.secretStores.create({ body: { name: 'mine' } });
    const store_id = store.id;
    expect(await client.secretStores.get({ store_id })).toEqual(store);
    expect((await client.secretStores.list({ order: 'name' })).items.map((one) => one.id)).toContain(store_id);
    const body = ['A', 'B'].map((name) => ({ name, scopes: ['ai_gateway' as const], value: 'canary' }));
    const [first, second] = await client.secrets.create({ store_id, body });
    const scope = { store_id, id: first?.id ?? '' };
    expect((await client.secrets.get(scope)).name).toBe('A');
    expect((await client.secrets.edit({ ...scope, body: { comment: 'c' } })).comment).toBe('c');
    const copy = await client.secrets.duplicate({ ...scope, body: { name: 'C', scopes: [] } });
    expect((await client.secrets.list({ store_id, scopes: ['ai_gateway'] })).items).toHaveLength(2);
    expect((await client.secretsStore.quota()).secrets.usage).toBeGreaterThanOrEqual(3);
    expect(await client.secrets.delete(scope)).toBeNull();
    expect(await client.secrets.bulkDelete({ store_id, body: [{ id: copy.id }] })).toBeNull();
    expect((await client.secrets.list({ store_id })).items.map((one) => one.id)).toEqual([second?.id ?? '']);
    expect(await client.safe.secretStores.delete({ store_id })).toMatchObject({ ok: false });
    expect(await client.secretStores.delete({ store_id, force: true })).toBeNull();
  });

  test('dynamic routes, versions, deployments', async () => {
    const routes = client.dynamicRouting;
    const { id } = await routes.create({ gateway_id, body: { name: 'r', elements: ELEMENTS } });
    const scope = { gateway_id, id };
    expect((await routes.get(scope)).version.active).toBe('true');
    expect((await routes.update({ ...scope, body: { name: 's' } })).route.name).toBe('s');
    expect((await routes.list({ gateway_id })).items.map((route) => route.name)).toEqual(['s']);
    const { version_id } = await routes.createVersion({ ...scope, body: { elements: ELEMENTS } });
    expect((await routes.getVersion({ ...scope, version_id })).active).toBe('false');
    await routes.createDeployment({ ...scope, body: { version_id } });
    expect((await routes.listVersions(scope)).items.find((one) => one.active === 'true')?.version_id).toBe(version_id);
    expect((await routes.listDeployments(scope)).info.total_count).toBe(2);
    expect((await routes.delete(scope)).id).toBe(id);
  });

  test('datasets and evaluations', async () => {
    const body = {
      name: 'd',
      enable: true,
      filters: [{ key: 'success' as const, operator: 'eq' as const, value: [true] }],
    };
    const made = await client.datasets.create({ gateway_id, body });
    const scope = { gateway_id, id: made.id };
    expect(await client.datasets.get(scope)).toEqual(made);
    expect((await client.datasets.update({ ...scope, body: { ...body, name: 'e' } })).name).toBe('e');
    expect((await client.datasets.list({ gateway_id, search: 'e' })).items).toHaveLength(1);
    expect((await client.evaluationTypes.list()).items.map((type) => type.id)).toContain('cost');
    const { id } = await client.evaluations.create({
      gateway_id,
      body: { name: 'v', dataset_ids: [made.id], evaluation_type_ids: ['cost'] },
    });
    expect((await client.evaluations.get({ gateway_id, id })).name).toBe('v');
    expect((await client.evaluations.list({ gateway_id })).items).toHaveLength(1);
    expect((await client.evaluations.delete({ gateway_id, id })).id).toBe(id);
    expect((await client.datasets.delete(scope)).id).toBe(made.id);
  });

  test('tokens', async () => {
    const made = await client.tokens.create({ body: { name: 't', permissions: ['read'] } });
    const own = createClient({ baseUrl: server.origin, token: made.value });
    expect((await own.tokens.verify()).status).toBe('active');
    expect((await own.tokens.verifyUser()).id).toBe(made.id);
    expect(await own.safe.gateways.delete({ id: gateway_id })).toMatchObject({ ok: false, error: { status: 403 } });
    expect((await client.tokens.get({ id: made.id })).permissions).toContain('read');
    const renamed = await client.tokens.update({ id: made.id, body: { name: 'u', permissions: ['read'] } });
    expect(renamed.name).toBe('u');
    const value = await client.tokens.roll({ id: made.id });
    expect(await own.safe.tokens.verify()).toMatchObject({ ok: false, error: { status: 401, code: 10000 } });
    expect((await createClient({ baseUrl: server.origin, token: value }).tokens.verify()).id).toBe(made.id);
    expect((await client.tokens.list({ per_page: 100 })).items.map((one) => one.id)).toContain(made.id);
    expect((await client.tokens.permissionGroups()).items).toHaveLength(4);
    expect((await client.tokens.delete({ id: made.id })).id).toBe(made.id);
  });

  test('audit log', async () => {
    const { items } = await client.auditLogs.list({ 'action.type': 'create', direction: 'asc', per_page: 1000 });
    expect(items.map(({ resource }) => resource.type)).toContain('ai_gateway.gateway');
  });
});

test('the reference of the API is a page', async () => {
  const response = await fetch(`${server.origin}/docs`);
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('id="gateways.list"')]);
});

const spawn = (command: string[], { env = {}, stdin = '' } = {}) => runCommand(command, { cwd: home, env, stdin });

test('the client runs in Node, and needs nothing of it', async () => {
  const entry = join(home, 'entry.ts');
  const bundle = join(home, 'entry.mjs');
  const source = JSON.stringify(join(import.meta.dir, '../../packages/client/src/index.ts'));
  await writeFile(
    entry,
    `import { createClient } from ${source};
     const client = createClient({ baseUrl: process.argv[2], token: process.argv[3] });
     const ids = [];
     for await (const gateway of client.gateways.list.iterate({ per_page: 1 })) ids.push(gateway.id);
     const refused = await client.safe.gateways.get({ id: 'nobody' });
     const late = await client.safe.gateways.list({}, { signal: AbortSignal.abort() });
     console.log(JSON.stringify({ ids, code: refused.error.code, kind: late.error.kind, runtime: typeof Bun }));`,
  );
  const built = await spawn([process.execPath, 'build', '--target=node', entry, '--outfile', bundle]);
  expect([built.code, built.err]).toEqual([0, '']);
  expect(await Bun.file(bundle).text()).not.toMatch(/from\s*"(node:|bun)/);
  const { items } = await client.gateways.list();
  const ran = await spawn(['node', bundle, server.origin, server.adminToken]);
  expect([ran.err, JSON.parse(ran.out)]).toEqual([
    '',
    { ids: items.map(({ id }) => id), code: 7002, kind: 'aborted', runtime: 'undefined' },
  ]);
});

describe('the command line', () => {
  const headgate = (args: string[], options: { env?: Record<string, string>; stdin?: string } = {}) =>
    spawn([process.execPath, MAIN, ...args], {
      ...options,
      env: { HEADGATE_URL: server.origin, HEADGATE_TOKEN: server.adminToken, ...options.env },
    });
  /** Runs a command that must succeed and print JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of many shapes
  async function json(...args: string[]): Promise<any> {
    const { code, out, err } = await headgate([...args, '--json']);
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out);
  }

  test('gateways: create, list as a table, update one setting, get, delete', async () => {
    expect(await json('gateways', 'create', 'cli', '--set', 'cache_ttl=60')).toMatchObject({
      id: 'cli',
      cache_ttl: 60,
    });
    const { out } = await headgate(['gateways', 'list', '--search', 'cli']);
    const [heading = '', row = '', ...more] = out.split('\n');
    expect([heading.split(/ +/).slice(0, 2), more]).toEqual([['ID', 'AUTHENTICATION'], ['']]);
    expect(row.indexOf('true')).toBe(heading.indexOf('AUTHENTICATION'));
    const limits = '{"rules":[{"limit":1,"limitType":"cost","window":60}]}';
    const updated = await json('gateways', 'update', 'cli', '--set', `spend_limits=${limits}`, '--set', 'zdr=true');
    expect(updated).toMatchObject({ cache_ttl: 60, zdr: true, spend_limits: { rules: [{ limit: 1 }] } });
    const shown = await headgate(['gateways', 'get', 'cli']);
    expect(shown.out).toMatch(/^cache_ttl +60$/m);
    expect(await headgate(['gateways', 'delete', 'cli'])).toEqual({ code: 0, out: 'deleted cli\n', err: '' });
  });

  test('bodies from a file and from standard input; a single setting wins', async () => {
    const file = join(home, 'gateway.json');
    await writeFile(file, JSON.stringify({ ...MINIMAL_GATEWAY, cache_ttl: 7, zdr: true }));
    expect(await json('gateways', 'create', 'filed', '--file', file, '--set', 'cache_ttl=8')).toMatchObject({
      cache_ttl: 8,
      zdr: true,
    });
    const args = [
      'keys',
      'create',
      'openai',
      '--gateway',
      'filed',
      '--set',
      'secret=@-',
      '--set',
      'alias=123',
      '--json',
    ];
    const { out } = await headgate(args, { stdin: 'sk-canary-0123456789abcdef\n' });
    expect(JSON.parse(out)).toMatchObject({ alias: '123', default_config: true, secret_preview: '********cdef' });
    const [key] = await json('keys', 'list', '--gateway', 'filed');
    expect(await json('keys', 'update', key.id, '--gateway', 'filed', '--set', 'alias=b')).toMatchObject({
      alias: 'b',
    });
    expect(await json('keys', 'delete', key.id, '--gateway', 'filed')).toMatchObject({ id: key.id });
  });

  test('routes: create, versions, deploy, rename, delete', async () => {
    const file = join(home, 'route.json');
    await writeFile(file, JSON.stringify({ elements: ELEMENTS }));
    const { id } = await json('routes', 'create', 'support', '--file', file);
    const { version_id } = await json('routes', 'add-version', id, '--file', file);
    expect(await json('routes', 'deploy', id, version_id)).toMatchObject({ version_id });
    expect(
      (await json('routes', 'versions', id)).find((one: { active: string }) => one.active === 'true'),
    ).toMatchObject({
      version_id,
    });
    expect(await json('routes', 'deployments', id)).toHaveLength(2);
    expect(await json('routes', 'rename', id, 'sales')).toMatchObject({ route: { name: 'sales' } });
    expect((await json('routes', 'list')).map(({ name }: { name: string }) => name)).toEqual(['sales']);
    expect((await headgate(['routes', 'delete', id])).out).toBe(`deleted ${id}\n`);
  });

  test('custom providers, datasets, evaluations', async () => {
    const provider = await json('providers', 'create', 'mine', 'https://mine.example', '--set', 'enable=true');
    expect(provider).toMatchObject({ name: 'mine', slug: 'mine', enable: true });
    await headgate(['providers', 'update', provider.id, '--set', 'link=null', '--set', 'name=Mine']);
    expect(await json('providers', 'list', '--enable', 'true')).toMatchObject([{ name: 'Mine', link: null }]);
    const dataset = await json('datasets', 'create', 'd');
    expect(await json('datasets', 'update', dataset.id, '--set', 'name=e')).toMatchObject({ name: 'e', enable: true });
    const ids = ['--set', `dataset_ids=["${dataset.id}"]`, '--set', 'evaluation_type_ids=["cost"]'];
    const evaluation = await json('evaluations', 'create', 'v', ...ids);
    expect(await json('evaluations', 'list')).toMatchObject([{ id: evaluation.id }]);
    expect((await headgate(['evaluations', 'list'])).out).toContain(evaluation.id);
  });

  test('logs: list with conditions, one, its bodies, edit, delete', async () => {
    for (const model of ['one', 'two']) await call('default', model);
    const rows = await json('logs', 'list', '--filter', 'model eq one', '--per-page', '5');
    expect(rows).toMatchObject([{ model: 'one', provider: 'sandbox' }]);
    const { id } = rows[0];
    expect(await json('logs', 'edit', id, '--set', 'feedback=-1')).toMatchObject({ feedback: -1 });
    expect(JSON.parse((await headgate(['logs', 'request', id])).out)).toMatchObject({ model: 'one' });
    const page = await headgate(['logs', 'list', '--per-page', '1']);
    expect(page.err).toMatch(/^page 1 of \d+, \d+ in all/);
    expect((await headgate(['logs', 'delete', id])).out).toBe('deleted\n');
    expect((await json('logs', 'list')).map((row: { model: string }) => row.model)).toEqual(['two']);
    expect((await headgate(['logs', 'delete', '--all'])).code).toBe(0);
    expect(await json('logs', 'list')).toEqual([]);
  });

  test('logs tail begins with the newest rows and prints each new one once', async () => {
    for (const model of ['t1', 't2', 't3']) await call('default', model);
    const child = Bun.spawn([process.execPath, MAIN, 'logs', 'tail', '--json', '-n', '2', '--interval', '0.1'], {
      cwd: home,
      env: {
        PATH: process.env.PATH ?? '',
        BUN_CONFIG_MAX_HTTP_REQUESTS: '64',
        HEADGATE_URL: server.origin,
        HEADGATE_TOKEN: server.adminToken,
      },
      stdout: 'pipe',
    });
    const models: string[] = [];
    let text = '';
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const before = models.length;
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      models.push(...lines.map((line) => JSON.parse(line).model));
      if (before < 2 && models.length >= 2) await call('default', 't4');
      if (before < 3 && models.length >= 3) await call('default', 't5');
      if (models.includes('t5')) break;
    }
    child.kill();
    await child.exited;
    expect(models).toEqual(['t2', 't3', 't4', 't5']);
  });

  test.each([
    [['gateways', 'create', 'a b'], 'id: Use letters, digits, - and _; start with a letter or digit'],
    [
      ['gateways', 'create', 'bad', '--set', 'cache_ttl=soon'],
      /^cache_ttl: Invalid input: expected \S+, received string$/,
    ],
    [['gateways', 'update', 'default'], '--set: give at least one setting, or --file'],
    [['gateways', 'get', 'nobody'], /gateway/],
    [['gateways', 'get', ''], 'id: must not be empty'],
    [['gateways', 'list', '--per-page', '0'], /^--per-page: /],
    [['logs', 'list', '--filter', 'cost'], '--filter: expected "field operator value", got "cost"'],
    [['logs', 'list', '--filter', 'cost near 1'], /^--filter\.0\.operator: /],
    [['logs', 'delete'], 'logs delete: give ids, --filter, --search or --limit; or --all alone'],
    [['logs', 'tail', '--interval', 'x'], '--interval: expected a number from 0.1 to 3600, got "x"'],
    [['gateways', 'list', '--token', 'wrong'], 'Authentication error (is --token or HEADGATE_TOKEN right?)'],
    [['gateways', 'create', 'g', '--set', 'cache_ttl'], '--set: expected key=value, got "cache_ttl"'],
    [['gateways', 'create', 'g', '--file', 'missing.json'], '--file: missing.json cannot be read (ENOENT)'],
    [['gateways', 'list', '--url', 'http://127.0.0.1:1'], /\(does the server run at --url\?\)$/],
  ] as const)('%p fails with one line, exit 1', async (args, message) => {
    const { code, out, err } = await headgate([...args]);
    expect([code, out]).toEqual([1, '']);
    const line = /^headgate: ([^\n]*)\n$/.exec(err)?.[1];
    expect(line ?? err).toMatch(message);
  });
});
