import { beforeEach, describe, expect, test } from 'bun:test';
import {
  API_BASE,
  type Endpoint,
  type EndpointName,
  endpointList,
  PERMISSIONS,
  PERMISSION_INCLUDES,
} from '@headgate/contract';
import fc from 'fast-check';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { apiRouter } from './app.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const body = (endpoint: Endpoint) => (endpoint.body === null ? {} : { body: {} });

describe.each(endpointList.map(([name, endpoint]): [EndpointName, Endpoint] => [name, endpoint]))(
  '%s',
  (name, endpoint) => {
    test('refuses a missing, a wrong and an expired token', async () => {
      const { value } = await fixture.control.tokens.create('acme', {
        name: 'old',
        permissions: ['edit'],
        gateways: null,
        expiresAtMs: fixture.clock.nowMs(),
      });
      for (const token of [null, 'wrong', value]) {
        const reply = await fixture.call(name, { token, ...body(endpoint) });
        expect([reply.status, reply.body.success, reply.body.errors[0]?.code]).toEqual([401, false, 10000]);
      }
    });

    test('refuses every permission that does not hold the one it needs', async () => {
      const needed = endpoint.permission;
      const lacking = needed === 'any' ? [] : PERMISSIONS.filter((held) => !PERMISSION_INCLUDES[held].includes(needed));
      for (const permission of lacking) {
        const reply = await fixture.call(name, { token: await fixture.token([permission]), ...body(endpoint) });
        expect([reply.status, reply.body.errors[0]?.code]).toEqual([403, 10001]);
      }
    });

    test('refuses another account, known or not', async () => {
      if (!endpoint.path.includes('{account_id}')) return;
      for (const account_id of ['other', 'a b', '%']) {
        const reply = await fixture.call(name, { params: { account_id }, ...body(endpoint) });
        expect([reply.status, reply.body.errors[0]?.code]).toEqual([403, 10001]);
      }
    });

    test('every answer carries a request id and forbids sniffing and caching', async () => {
      const { headers } = await fixture.call(name, body(endpoint));
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    });
  },
);

describe('requests that fit no endpoint', () => {
  test('an unknown route is 404/7003', async () => {
    for (const path of ['/client/v4', '/client/v4/accounts/acme/ai-gateway/nothing', '/nowhere']) {
      const reply = await fixture.send('GET', path);
      expect([reply.status, reply.body.success, reply.body.errors[0]?.code]).toEqual([404, false, 7003]);
    }
  });

  test('a method that a path does not take is 405, with those that it takes', async () => {
    const path = `${API_BASE}/accounts/acme/ai-gateway/gateways`;
    const reply = await fixture.send('PATCH', path, { body: {} });
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect((await fixture.send('POST', `${path}/g`, { body: {} })).headers.get('allow')).toBe('GET, PUT, DELETE');
  });

  test('a trailing slash makes no difference, encoded ids are decoded', async () => {
    await fixture.call('gateways.create', { body: { id: 'a-b', ...MINIMAL_GATEWAY } });
    for (const path of ['gateways/', 'gateways/a-b', 'gateways/%61%2Db', 'gateways/a-b/']) {
      expect((await fixture.send('GET', `${API_BASE}/accounts/acme/ai-gateway/${path}`)).status).toBe(200);
    }
  });

  const create = `${API_BASE}/accounts/acme/ai-gateway/gateways`;

  test('a body that is not JSON is 400/7001 at the body', async () => {
    for (const text of ['', '{', 'x', '{"a":}', '\u0000']) {
      const reply = await fixture.send('POST', create, { body: text });
      expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.path]).toEqual([400, 7001, ['body']]);
    }
    const deep = await fixture.send('POST', create, { body: '{"id":'.repeat(100_000) });
    expect([deep.status, deep.body.errors[0]?.message]).toEqual([400, 'The body is nested deeper than 64 levels']);
    for (const text of ['null', '[]', '"x"', '1']) {
      const reply = await fixture.send('POST', create, { body: text });
      expect([reply.status, reply.body.errors[0]?.path]).toEqual([400, ['body']]);
    }
  });

  test('a body of another content type is 415; with a charset or +json it is taken', async () => {
    const json = JSON.stringify({ id: 'g', ...MINIMAL_GATEWAY });
    const send = (type: string) => fixture.send('POST', create, { body: json, headers: { 'content-type': type } });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      expect([(await send(type)).status, type]).toEqual([415, type]);
    }
    expect((await send('application/json; charset=utf-8')).status).toBe(200);
    expect((await send('application/vnd.api+json')).status).toBe(409);
  });

  test('a body over the limit is 413', async () => {
    const reply = await fixture.send('POST', create, { body: JSON.stringify('x'.repeat(4 * 1024 * 1024)) });
    expect(reply.status).toBe(413);
  });
});

test('an error of ours is a 500 without details, and is reported', async () => {
  const broken = new Error('the disk is on fire');
  fixture.control.gateways.find = () => Promise.reject(broken);
  const reply = await fixture.call('gateways.get', { params: { id: 'g' } });
  expect([reply.status, reply.body.errors]).toEqual([500, [{ code: 7000, message: 'Internal error' }]]);
  expect(fixture.reported).toEqual([broken]);
});

test('random requests never give a 5xx', async () => {
  await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('g', 'acme', 'default'));
  const key = fc.oneof(
    fc.constantFrom('filters', 'filters.key', 'filters.value', 'page', 'per_page', 'search', 'order_by', '__proto__'),
    text,
  );
  const value = fc.oneof(text, fc.json({ maxDepth: 2 }), fc.integer().map(String));
  const input = fc.record({
    endpoint: fc.constantFrom(...endpointList),
    params: fc.array(text, { minLength: 5, maxLength: 5 }),
    query: fc.array(fc.tuple(key, value), { maxLength: 6 }),
    body: fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .dictionary(
          fc.constantFrom(...Object.keys(MINIMAL_GATEWAY), 'id', 'dlp', 'otel', 'policies', '__proto__'),
          fc.jsonValue(),
        )
        .map((one) => JSON.stringify({ ...MINIMAL_GATEWAY, ...one })),
    ),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ endpoint: [, endpoint], params, query, body: text }) => {
      const account = params[4] === 'g' ? 'g' : 'acme';
      let next = 0;
      const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent((name === 'account_id' ? account : (params[next++ % 4] ?? '')) || 'x'),
      );
      const search = new URLSearchParams(query).toString();
      const reply = await fixture.send(
        endpoint.method,
        `${API_BASE}${path}?${search}`,
        endpoint.body === null ? {} : { body: text },
      );
      expect([reply.status, fixture.reported]).toEqual([Math.min(reply.status, 499), []]);
    }),
    { numRuns: 600 },
  );
}, 60_000);

test('the OpenAPI document is served and describes every endpoint', async () => {
  const reply = await fixture.send('GET', '/openapi.json', { token: null });
  const document = JSON.parse(reply.text);
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  const operations = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
    (methods) => Object.values(methods).map((operation) => operation.operationId),
  );
  expect(operations.sort()).toEqual(endpointList.map(([name]) => name).sort());
  const body =
    document.paths['/accounts/{account_id}/ai-gateway/gateways'].post.requestBody.content['application/json'];
  expect(body.schema.required).toEqual(['id', ...Object.keys(MINIMAL_GATEWAY)]);
  expect(body.schema.properties.cache_ttl.anyOf[0]).toMatchObject({ type: 'integer', minimum: 0 });
});

test('the router serves what the OpenAPI document describes, nothing else', async () => {
  const served = apiRouter(fixture.deps)
    .routes.filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`);
  const { paths } = JSON.parse((await fixture.send('GET', '/openapi.json', { token: null })).text);
  const described = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${API_BASE}${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  expect(served.sort()).toEqual([...described, 'GET /docs', 'GET /openapi.json'].sort());
});
