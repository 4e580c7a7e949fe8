import { afterEach, describe, expect, test } from 'bun:test';
import { API_BASE, type Endpoint, type EndpointName, endpointList } from '@headgate/contract';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../test/support/management-api.ts';
import { callByName, type Client, type ClientOptions, createClient, HeadgateError } from './index.ts';
import type { Methods } from './methods.ts';

/** A client whose calls are answered by `answer`, and what it sent. */
function scripted(answer: (request: Request) => Response | Promise<Response>, options: Partial<ClientOptions> = {}) {
  const sent: Request[] = [];
  const client = createClient({
    baseUrl: 'http://headgate.test',
    token: 'secret',
    retries: 0,
    fetch: async (url, init) => {
      const request = new Request(url, init);
      sent.push(request);
      return answer(request);
    },
    ...options,
  });
  return { client, sent };
}

const ok = (result: unknown) => Response.json({ success: true, errors: [], messages: [], result });
const operations = endpointList as readonly (readonly [EndpointName, Endpoint])[];

describe('one function per endpoint record', () => {
  type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
  type Named = { [G in keyof Methods]: `${G}.${keyof Methods[G] & string}` }[keyof Methods];
  /** Does not compile when a record has no function, or a function no record. */
  const typesMatch: Equal<Named, EndpointName> = true;

  test('types and values name the same operations', () => {
    expect(typesMatch).toBe(true);
    const { safe, ...groups } = scripted(() => ok(null)).client;
    const names = (tree: object) =>
      Object.entries(tree).flatMap(([group, calls]) => Object.keys(calls).map((name) => `${group}.${name}`));
    const expected = operations.map(([name]) => name).sort();
    expect(names(groups).sort()).toEqual(expected);
    expect(names(safe).sort()).toEqual(expected);
  });

  test.each(operations.map(([name, endpoint]) => ({ name, endpoint })))(
    '$name sends the method and path of its record',
    async ({ name, endpoint }) => {
      const { client, sent } = scripted(() => new Response(null, { status: 404 }));
      const params = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => param);
      const input = Object.fromEntries(params.map((param) => [param, `${param}/ü`]));
      await expect(
        callByName(client, name, { input: endpoint.body === null ? input : { ...input, body: {} } }),
      ).rejects.toThrow('HTTP status 404');
      const path = endpoint.path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(`${param}/ü`));
      expect([sent[0]?.method, sent[0]?.url]).toEqual([endpoint.method, `http://headgate.test${API_BASE}${path}`]);
      expect(sent[0]?.headers.get('authorization')).toBe('Bearer secret');
      expect(sent[0]?.headers.get('content-type')).toBe(endpoint.body === null ? null : 'application/json');
    },
  );

  test('inputs are checked by the compiler', () => {
    const misuse = (client: Client) => [
      // @ts-expect-error a path variable is missing
      client.logs.get({ id: 'a' }),
      // @ts-expect-error no such parameter
      client.gateways.list({ serch: 'a' }),
      // @ts-expect-error a parameter of the wrong type
      client.gateways.list({ page: '1' }),
      // @ts-expect-error a required setting is missing
      client.gateways.create({ body: { id: 'a' } }),
      // @ts-expect-error only lists can be iterated
      client.gateways.get.iterate,
      // @ts-expect-error what takes no body is given none
      client.gateways.get({ id: 'a', body: {} }),
      // @ts-expect-error a setting of the wrong type
      client.dynamicRouting.create({ gateway_id: 'a', body: { name: 'a', elements: [{ type: 'what' }] } }),
    ];
    expect(misuse).toBeFunction();
  });
});

describe('requests', () => {
  test.each([
    ['http://headgate.test/', 'http://headgate.test/client/v4/user/tokens/verify'],
    ['http://headgate.test/client/v4', 'http://headgate.test/client/v4/user/tokens/verify'],
    ['https://proxy.test/ai/', 'https://proxy.test/ai/client/v4/user/tokens/verify'],
  ])('base URL %s', async (baseUrl, url) => {
    const { client, sent } = scripted(() => ok({ id: 'a', status: 'active' }), { baseUrl });
    await client.tokens.verifyUser();
    expect(sent[0]?.url).toBe(url);
  });

  test('parameters: undefined is left out, lists repeat, objects travel as JSON, ifMatch is a header', async () => {
    const { client, sent } = scripted(() =>
      Response.json({ success: true, result: [], result_info: { page: 1, per_page: 20, count: 0, total_count: 0 } }),
    );
    const filters = [{ key: 'cost' as const, operator: 'gt' as const, value: [1, 2] }];
    await client.logs.list({ gateway_id: 'g', account_id: 'other', search: undefined, success: true, filters });
    await client.secrets.list({ store_id: 's', scopes: ['ai_gateway', 'workers'] });
    await client.safe.gateways.delete({ id: 'g' }, { ifMatch: '"3"' });
    const query = new URLSearchParams({ success: 'true', filters: JSON.stringify(filters) });
    expect(sent.map((request) => request.url.slice('http://headgate.test/client/v4/accounts/'.length))).toEqual([
      `other/ai-gateway/gateways/g/logs?${query}`,
      'local/secrets_store/stores/s/secrets?scopes=ai_gateway&scopes=workers',
      'local/ai-gateway/gateways/g',
    ]);
    expect(sent[2]?.headers.get('if-match')).toBe('"3"');
  });

  test('what would reach another resource, or match more than was meant, is not sent', async () => {
    const { client, sent } = scripted(() => ok(null));
    for (const id of ['', '.', '..']) {
      await expect(client.secrets.delete({ store_id: 's', id })).rejects.toThrow('id: expected an id');
    }
    // As from JavaScript: `logs.delete` with a row's id would delete every row.
    const attempt = callByName(client, 'logs.delete', { input: { gateway_id: 'g', id: 'row' } });
    await expect(attempt).rejects.toThrow(/^id: DELETE \S+ has no such parameter$/);
    expect(sent).toEqual([]);
  });
});

describe('answers', () => {
  let fixture: ApiFixture;
  const real = async (options: Partial<ClientOptions> = {}) => {
    fixture = await apiFixture();
    return createClient({
      baseUrl: 'https://gateway.test',
      token: fixture.adminToken,
      account: 'acme',
      fetch: (url, init) => fixture.api(new Request(url, init)),
      ...options,
    });
  };
  afterEach(() => fixture?.control.close());

  test('a result, a page, and every item of all pages', async () => {
    const client = await real();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) {
      const made = await client.gateways.create({ body: { id, ...MINIMAL_GATEWAY } });
      expect(made).toMatchObject({ id, cache_ttl: 0 });
    }
    const page = await client.gateways.list({ per_page: 2, page: 2 });
    expect(page.info).toEqual({ page: 2, per_page: 2, count: 2, total_count: 5, total_pages: 3 });
    const seen: string[] = [];
    for await (const gateway of client.gateways.list.iterate({ per_page: 2 })) seen.push(gateway.id);
    expect(seen.toSorted()).toEqual(ids);
    const later = await Array.fromAsync(client.gateways.list.iterate({ per_page: 2, page: 3 }));
    expect(later).toHaveLength(1);
  });

  test('lists of routes are pages like all others', async () => {
    const client = await real();
    await client.gateways.create({ body: { id: 'g', ...MINIMAL_GATEWAY } });
    const elements = [
      { id: 'start', type: 'start' as const, outputs: { next: { elementId: 'end' } } },
      { id: 'end', type: 'end' as const, outputs: {} },
    ];
    const route = await client.dynamicRouting.create({ gateway_id: 'g', body: { name: 'r', elements } });
    const page = await client.dynamicRouting.list({ gateway_id: 'g' });
    expect([page.items[0]?.id, page.info]).toEqual([route.id, { page: 1, per_page: 20, count: 1, total_count: 1 }]);
    const versions = await Array.fromAsync(
      client.dynamicRouting.listVersions.iterate({ gateway_id: 'g', id: route.id }),
    );
    expect(versions.map((version) => version.active)).toEqual(['true']);
    const renamed = await client.dynamicRouting.update({ gateway_id: 'g', id: route.id, body: { name: 's' } });
    expect(renamed.route.name).toBe('s');
  });

  test('an error has status, code, the fields and the request id', async () => {
    const client = await real();
    const error = await client.gateways
      .create({ body: { id: 'a b', ...MINIMAL_GATEWAY, cache_ttl: -1 } })
      .catch((caught: unknown) => caught);
    if (!(error instanceof HeadgateError)) throw error;
    expect(error).toMatchObject({ kind: 'refused', status: 400, code: 7001, name: 'HeadgateError' });
    expect(error.errors.map(({ path }) => path)).toEqual([
      ['body', 'id'],
      ['body', 'cache_ttl'],
    ]);
    expect(error.message).toBe(error.errors[0]?.message ?? '');
    expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('safe calls resolve with the value and its version, or with the error', async () => {
    const client = await real();
    await client.gateways.create({ body: { id: 'g', ...MINIMAL_GATEWAY } });
    const before = await client.safe.gateways.get({ id: 'g' });
    if (!before.ok || before.etag === null) throw new Error('expected a version');
    const body = { ...MINIMAL_GATEWAY, cache_ttl: 60 };
    const first = await client.safe.gateways.update({ id: 'g', body }, { ifMatch: before.etag });
    expect(first).toMatchObject({ ok: true, value: { cache_ttl: 60 } });
    const second = await client.safe.gateways.update({ id: 'g', body }, { ifMatch: before.etag });
    expect(second).toMatchObject({ ok: false, error: { status: 412, code: 7012 } });
  });

  test.each([
    ['a page of another server', () => new Response('<html>'), { kind: 'malformed', status: 200 }],
    ['JSON of another server', () => Response.json({ hello: 1 }), { kind: 'malformed', status: 200 }],
    ['an empty answer', () => new Response(null, { status: 204 }), { kind: 'malformed', status: 204 }],
    ['a page of a proxy', () => new Response('<html>', { status: 400 }), { kind: 'refused', status: 400, code: null }],
    [
      'errors of another kind',
      () => Response.json({ errors: ['a', null] }, { status: 400 }),
      { code: null, errors: [] },
    ],
  ])('%s is an error', async (_, answer, expected) => {
    const { client } = scripted(answer);
    const result = await client.safe.gateways.list();
    expect(result).toMatchObject({ ok: false, error: expected });
  });

  test('a stored body is the response itself', async () => {
    const { client } = scripted(() => new Response('bytes', { headers: { 'content-type': 'text/plain' } }));
    const response = await client.logs.request({ gateway_id: 'g', id: 'a' });
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/plain', 'bytes']);
  });
});
