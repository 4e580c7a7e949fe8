import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { READ_TOKEN, RUN_TOKEN, startWalk, type Walk } from '../support/walk.ts';

/** Every exit of the walk before a provider is called: status, whole error body, log row. */

let open: Walk;
let closed: Walk;

beforeAll(async () => {
  open = await startWalk({ settings: { maxBodyBytes: 1000 } });
  closed = await startWalk({ policy: { authentication: true } });
});
afterAll(async () => {
  await open.stop();
  await closed.stop();
});

function errorBody(status: number, code: number, message: unknown) {
  return {
    success: false,
    result: [],
    messages: [],
    error: [{ code, message }],
    name: 'AiGatewayError',
    httpCode: status,
    internalCode: code,
    message,
    description: message,
  };
}

describe('a refusal has the full gateway error body, own headers, and a row', () => {
  const post = (headers: Record<string, string> = {}, body: BodyInit = '{}'): RequestInit => ({
    method: 'POST',
    headers,
    body,
  });
  const big = () =>
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
  const cases: [
    rule: string,
    walk: () => Walk,
    path: string,
    init: RequestInit,
    status: number,
    code: number,
    message: unknown,
  ][] = [
    ['unknown provider', () => open, '/nope/x', post(), 400, 2008, 'Invalid provider'],
    ['no provider', () => open, '', {}, 400, 2008, 'Invalid provider'],
    [
      'a universal body that is no array of steps',
      () => open,
      '',
      post({}, '1'),
      400,
      2004,
      'universal request: [0] must be an object',
    ],
    [
      'a path that the provider cannot have',
      () => open,
      '/azure-openai/resource-alone',
      post(),
      400,
      2004,
      expect.any(String),
    ],
    [
      'a bad boolean header',
      () => open,
      '/openai/x',
      post({ 'cf-aig-collect-log': 'maybe' }),
      400,
      2004,
      'cf-aig-collect-log must be true or false',
    ],
    [
      'a page load',
      () => open,
      '/openai/x',
      { headers: { 'sec-fetch-dest': 'iframe' } },
      403,
      2010,
      'This address serves API calls, not pages',
    ],
    [
      'our token in the path',
      () => open,
      `/openai/x/${RUN_TOKEN}`,
      post(),
      400,
      2004,
      'a token of this gateway may not stand in the path',
    ],
    [
      'a WebSocket upgrade',
      () => open,
      '/openai/x',
      { headers: { upgrade: 'websocket', connection: 'upgrade' } },
      400,
      2004,
      expect.stringContaining('WebSocket'),
    ],
    [
      'a body over the limit',
      () => open,
      '/openai/x',
      post({}, new Uint8Array(1001)),
      413,
      2011,
      expect.stringContaining('1000 bytes'),
    ],
    [
      'a body of unknown length over the limit',
      () => open,
      '/openai/x',
      post({}, big()),
      413,
      2011,
      expect.stringContaining('1000 bytes'),
    ],
    ['no token', () => closed, '/openai/x', post(), 401, 2009, 'Unauthorized'],
    [
      'a token that is not ours',
      () => closed,
      '/openai/x',
      post({ authorization: 'Bearer sk-theirs' }),
      401,
      2009,
      'Unauthorized',
    ],
    [
      'a token without the run permission',
      () => closed,
      '/openai/x',
      post({ 'cf-aig-authorization': `Bearer ${READ_TOKEN}` }),
      401,
      2009,
      'Unauthorized',
    ],
  ];
  test.each(cases)('%s', async (_rule, walk, path, init, status, code, message) => {
    const before = walk().requests.length;
    const response = await fetch(walk().base + path, init);
    const { record, bodies } = await walk().nextRow();
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cf-aig-log-id')).toBe(record.id);
    expect(JSON.parse(text)).toEqual(errorBody(status, code, message));
    expect(record).toMatchObject({ outcome: 'refused', statusCode: status, error: { code, message } });
    expect(Buffer.from(bodies?.response ?? []).toString()).toBe(text);
    expect(walk().requests.length).toBe(before);
    expect(walk().active()).toBe(0);
  });
});

test.each([
  ['unknown account', '/v1/nobody/g/openai/x'],
  ['unknown gateway', '/v1/local/other/openai/x'],
  ['an account id that cannot be', '/v1/not%20an%20id/g/openai/x'],
])('%s: 400/2001, and nowhere to log to', async (_rule, path) => {
  const response = await fetch(open.origin + path, { method: 'POST', body: '{}' });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual(
    errorBody(400, 2001, 'Please configure AI Gateway in the Cloudflare dashboard'),
  );
  expect(response.headers.has('cf-aig-log-id')).toBe(false);
});

describe('the gateway `default`', () => {
  test('an unauthenticated call does not make it', async () => {
    const response = await fetch(`${open.origin}/v1/local/default/openai/x`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
    expect(response.headers.has('cf-aig-log-id')).toBe(false);
  });
  test('the first authenticated call does', async () => {
    const headers = { 'cf-aig-authorization': `Bearer ${RUN_TOKEN}` };
    const response = await fetch(`${open.origin}/v1/local/default/openai/x`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(200);
    expect((await open.nextRow()).record).toMatchObject({
      gatewayKey: 'key-of-default',
      outcome: 'success',
      authentication: true,
    });
  });
});

test('a gateway without authentication lets any token and none pass', async () => {
  for (const headers of [
    {},
    { 'cf-aig-authorization': 'Bearer undefined' },
    { 'cf-aig-authorization': `Bearer ${RUN_TOKEN}` },
  ]) {
    const response = await fetch(`${open.base}/openai/x`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(200);
    await open.nextRow();
  }
});

describe('browsers', () => {
  const origin = 'https://allowed.example';
  test('a preflight from an allowed origin is answered, not forwarded', async () => {
    const before = open.requests.length;
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const response = await fetch(`${open.base}/openai/x`, { method: 'OPTIONS', headers });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization');
    expect(open.requests.length).toBe(before);
  });
  test('a preflight from another origin is refused', async () => {
    const headers = { origin: 'https://other.example', 'access-control-request-method': 'POST' };
    expect((await fetch(`${open.base}/openai/x`, { method: 'OPTIONS', headers })).status).toBe(403);
  });
  test('answers to an allowed origin may be read', async () => {
    const response = await fetch(`${open.base}/openai/x`, { headers: { origin } });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-expose-headers')).toBe('*');
    await open.nextRow();
  });
  test('the provider’s own policy does not let a page read what ours forbids', async () => {
    const walk = await startWalk({
      upstream: (_request, connection) =>
        connection.write(
          'HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\ncontent-length: 0\r\n\r\n',
        ),
    });
    const response = await fetch(`${walk.base}/openai/x`, { headers: { origin: 'https://other.example' } });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    await walk.nextRow();
    await walk.stop();
  });
  test('OPTIONS that is no preflight goes to the provider', async () => {
    const before = open.requests.length;
    await fetch(`${open.base}/openai/x`, { method: 'OPTIONS' });
    expect(open.requests[before]?.method).toBe('OPTIONS');
    await open.nextRow();
  });
});

test('no refusal counted as a fault of the gateway', () => {
  expect([...open.reported, ...closed.reported]).toEqual([]);
});
