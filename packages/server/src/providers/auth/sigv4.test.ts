import { afterAll, describe, expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import { createEgress } from '../../http/index.ts';
import { Fields } from '../../lib/index.ts';
import { derivedKeyCache, signV4 } from './sigv4.ts';
import { authorized, fakeClock } from './testing.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SCOPE = { service: 'service', region: 'us-east-1', nowMs: Date.UTC(2015, 7, 30, 12, 36, 0) };

type Vector = readonly [
  name: string,
  request: string,
  signature: string,
  headers?: Record<string, string>,
  body?: string,
];
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('AWS’s published test suite for Signature Version 4', () => {
  const VECTORS: readonly Vector[] = [
    ['get-vanilla', 'GET /', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['get-slash', 'GET //', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['post-vanilla', 'POST /', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    ['post-vanilla-query', 'POST /?Param1=value1', '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11'],
    [
      'get-vanilla-query-order-key-case',
      'GET /?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-empty-query-key',
      'GET /?Param1=value1',
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    ['get-unreserved', `GET /${UNRESERVED}`, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
    [
      'get-vanilla-query-unreserved',
      `GET /?${UNRESERVED}=${UNRESERVED}`,
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    [
      'post-header-key-sort',
      'POST /',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
      { 'My-Header1': 'value1' },
    ],
    [
      'get-header-value-trim',
      'GET /',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
      { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' },
    ],
    [
      'post-x-www-form-urlencoded',
      'POST /',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
      FORM,
      'Param1=value1',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST /',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
      { 'content-type': 'application/x-www-form-urlencoded; charset=utf8' },
      'Param1=value1',
    ],
  ];
  for (const [name, request, signature, headers, body] of VECTORS) {
    test(name, async () => {
      const [method = '', path = ''] = request.split(' ');
      const unsigned = {
        method,
        url: `https://example.amazonaws.com${path}`,
        headers: new Fields(headers),
        body: body === undefined ? null : Buffer.from(body),
      };
      const keys = { ...KEYS, region: null, sessionToken: null };
      const signed = await signV4(unsigned, keys, { ...SCOPE, derivedKeys: derivedKeyCache() });
      expect(signed.get('x-amz-date')).toBe('20150830T123600Z');
      expect(signed.get('authorization')).toStartWith(
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=',
      );
      expect(signed.get('authorization')).toEndWith(`, Signature=${signature}`);
    });
  }

  test('derived keys are kept for later, at most so many, and sign the same', async () => {
    const derivedKeys = derivedKeyCache();
    const request = { method: 'GET', url: 'https://example.amazonaws.com/', headers: new Fields(), body: null };
    const sign = async (accessKeyId: string, secretAccessKey: string) => {
      const keys = { accessKeyId, secretAccessKey, region: null, sessionToken: null };
      return (await signV4(request, keys, { ...SCOPE, derivedKeys })).get('authorization');
    };
    const first = await sign(KEYS.accessKeyId, KEYS.secretAccessKey);
    expect(derivedKeys.size).toBe(1);
    expect(await sign(KEYS.accessKeyId, KEYS.secretAccessKey)).toBe(first);
    expect(derivedKeys.size).toBe(1);
    for (let n = 0; n < 300; n++) await sign('AKID', `secret-${n}`);
    expect(derivedKeys.size).toBe(256);
    expect(await sign(KEYS.accessKeyId, KEYS.secretAccessKey)).toBe(first);
  });
});

describe('a server that checks signatures for itself', () => {
  const received: { verdict: string; headers: Headers; body: string }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const body = Buffer.from(await request.arrayBuffer());
      received.push({ verdict: verdict(request, body), headers: request.headers, body: body.toString() });
      return new Response('ok');
    },
  });
  afterAll(() => server.stop(true));
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const send = createEgress({ local: new Map(), mayBePrivate: () => true });
  const stored = { ...KEYS, region: 'us-west-2' };

  /** Signs, sends through the real way out, and gives back what arrived. */
  async function call(
    path: string,
    sent: { headers?: Record<string, string>; body?: string; credential?: object } = {},
  ) {
    const body = sent.body === undefined ? null : Buffer.from(sent.body);
    const method = body === null ? 'GET' : 'POST';
    const asked = { baseUrl, method, body, clock: fakeClock(), headers: sent.headers ?? {} };
    const { url, headers } = await authorized(`aws-bedrock/${path}`, sent.credential ?? stored, asked);
    const signal = new AbortController().signal;
    await send({ url, method, headers: new Fields(headers), body, signal, userGiven: false });
    const arrived = received.pop();
    if (arrived === undefined) throw new Error('nothing arrived');
    return arrived;
  }

  const PATHS: readonly string[] = [
    'bedrock-runtime/us-east-1/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse',
    'bedrock-runtime/us-east-1/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/converse',
    'bedrock-runtime/us-east-1/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fabc/invoke',
    'bedrock-runtime/eu-central-1/model/m/invoke-with-response-stream?b=2&a=1&empty=&c=%2F%20x',
    "bedrock-runtime/us-east-1/model/a'b(c)!*/invoke",
  ];
  for (const path of PATHS) {
    test(path, async () => {
      const body = '{"messages":[{"role":"user","content":[{"text":"grüß  dich"}]}]}';
      const arrived = await call(path, { body, headers: { 'content-type': 'application/json' } });
      expect(arrived.verdict).toBe('valid');
      expect(arrived.body).toBe(body);
    });
  }

  test('the region is the path’s, the service the endpoint’s own, the date the clock’s', async () => {
    const scopeOf = ({ headers }: { headers: Headers }) =>
      /Credential=([^,]+)/.exec(headers.get('authorization') ?? '')?.[1];
    const runtime = await call('bedrock-runtime/eu-west-1/model/m/invoke', { body: '{}' });
    expect(scopeOf(runtime)).toBe('AKIDEXAMPLE/20261101/eu-west-1/bedrock/aws4_request');
    expect(runtime.headers.get('x-amz-date')).toBe('20261101T120000Z');
    const mantle = await call('bedrock-mantle/eu-west-1/anthropic/v1/messages', { body: '{}' });
    expect(scopeOf(mantle)).toBe('AKIDEXAMPLE/20261101/eu-west-1/bedrock-mantle/aws4_request');
    expect([runtime.verdict, mantle.verdict]).toEqual(['valid', 'valid']);
    expect(mantle.headers.get('anthropic-version')).toBe('2023-06-01');
  });

  test('the hash of the bytes, the content type and every x-amz- header are signed, others are not', async () => {
    const headers = { 'content-type': 'application/json', 'x-amz-target': 't', accept: 'a/b', 'user-agent': 'u' };
    const arrived = await call('bedrock-runtime/us-east-1/model/m/invoke', { body: '{}', headers });
    expect(arrived.verdict).toBe('valid');
    expect(arrived.headers.get('x-amz-content-sha256')).toBe(createHash('sha256').update('{}').digest('hex'));
    expect(arrived.headers.get('authorization')).toContain(
      'SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target,',
    );
    expect(arrived.headers.get('accept')).toBe('a/b');
  });

  test('without a body', async () => {
    expect((await call('bedrock-runtime/us-east-1/foundation-models')).verdict).toBe('valid');
  });

  test('a session token is sent and signed; those of the client are replaced', async () => {
    const headers = {
      authorization: '',
      'x-amz-security-token': '',
      'x-amz-date': '20200101T000000Z',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    };
    const credential = { ...stored, sessionToken: 'session/token+1==' };
    const arrived = await call('bedrock-runtime/us-east-1/model/m/invoke', { body: '{}', headers, credential });
    expect(arrived.verdict).toBe('valid');
    expect(arrived.headers.get('x-amz-security-token')).toBe('session/token+1==');
    expect(arrived.headers.get('authorization')).toContain('x-amz-security-token');
    const without = await call('bedrock-runtime/us-east-1/model/m/invoke', { body: '{}', headers });
    expect(without.verdict).toBe('valid');
    expect(without.headers.has('x-amz-security-token')).toBe(false);
  });

  test('notices a changed body, so that its verdicts mean something', async () => {
    const asked = { baseUrl, method: 'POST', body: Buffer.from('{"a":1}') };
    const { url, headers } = await authorized('aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke', stored, asked);
    const signal = new AbortController().signal;
    const body = Buffer.from('{"a":2}');
    await send({ url, method: 'POST', headers: new Fields(headers), body, signal, userGiven: false });
    expect(received.pop()?.verdict).toBe('body hash differs');
  });
});

/** The check that AWS documents, written apart from the signing code, from what arrived on the wire. */
function verdict(request: Request, body: Buffer): string {
  const authorization = request.headers.get('authorization') ?? '';
  const [, , date = '', region = '', service = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const bodyHash = createHash('sha256').update(body).digest('hex');
  if (request.headers.get('x-amz-content-sha256') !== bodyHash) return 'body hash differs';
  const url = request.url.slice(request.url.indexOf('/', 8));
  const [path = '', query = ''] = url.split('?', 2);
  const encode = (text: string) =>
    [...Buffer.from(text)]
      .map((byte) => String.fromCharCode(byte))
      .map((char) =>
        /[A-Za-z0-9_.~-]/.test(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      )
      .join('');
  const canonical = [
    request.method,
    path.split('/').map(encode).join('/'),
    query
      .split('&')
      .map((pair) =>
        pair
          .split('=')
          .map((part) => encode(decodeURIComponent(part)))
          .join('='),
      )
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${request.headers.get(name)}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = [
    'AWS4-HMAC-SHA256',
    request.headers.get('x-amz-date'),
    `${date}/${region}/${service}/aws4_request`,
    hash,
  ].join('\n');
  let key: Buffer = Buffer.from(`AWS4${KEYS.secretAccessKey}`);
  for (const part of [date, region, service, 'aws4_request', text])
    key = createHmac('sha256', key).update(part).digest();
  return key.toString('hex') === signature ? 'valid' : `signature differs for\n${canonical}`;
}
