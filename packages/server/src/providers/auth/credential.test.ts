import { describe, expect, test } from 'bun:test';
import { inspect } from 'node:util';
import { PROVIDERS } from '../registry.ts';
import { rowOf } from '../testing.ts';
import { Fields } from '../../lib/index.ts';
import { createAuthorizer } from './authorize.ts';
import { CredentialError, checkCredential, credentialSite } from './credential.ts';
import { hasProviderCredential } from './has-credential.ts';
import { parseProviderKeys } from './provider-keys.ts';
import { authorized, fakeClock, noSend, storedAs } from './testing.ts';

const VERTEX = 'google-vertex-ai/v1/projects/p/locations/us-east5/publishers/google/models/m:generateContent';
const CANARY = 'CANARY-7f3a91-stored';

/** Damaged credentials, each with the canary in it, by a path of the provider and what the error has to name. */
const MALFORMED: readonly (readonly [path: string, credential: string, names: string])[] = [
  ['openai/models', '', 'an API key'],
  ['openai/models', '  ', 'an API key'],
  ['openai/models', `Bearer ${CANARY}`, 'without a scheme'],
  ['openai/models', `${CANARY}\nx-evil: 1`, 'an API key'],
  ['openai/models', `${CANARY}ü`, 'an API key'],
  ['openai/models', `{"apiKey":"${CANARY}"`, '"apiKey"'],
  ['openai/models', `{"api_key":"${CANARY}"}`, '"apiKey"'],
  ['openai/models', `{"apiKey":{"key":"${CANARY}"}}`, '"apiKey"'],
  ['aws-bedrock/bedrock-runtime/us-east-1/x', `{"accessKeyId":"AKID","secretKey":"${CANARY}"}`, '"secretAccessKey"'],
  ['aws-bedrock/bedrock-runtime/us-east-1/x', `{"accessKeyId":"${CANARY}/","secretAccessKey":"s"}`, '"accessKeyId"'],
  ['aws-bedrock/bedrock-runtime/us-east-1/x', `{"accessKeyId":"A","secretAccessKey":"${CANARY} b"}`, '"accessKeyId"'],
  [
    'aws-bedrock/bedrock-runtime/us-east-1/x',
    `{"accessKeyId":"A","secretAccessKey":"s","sessionToken":["${CANARY}"]}`,
    '"sessionToken"',
  ],
  ['aws-bedrock/bedrock-runtime/us-east-1/x', `{"accessKeyId":"A", ${CANARY}`, 'Bedrock API key'],
  [VERTEX, CANARY, 'service account'],
  [VERTEX, Buffer.from(`{"client_email":"a","private_key":"${CANARY}`).toString('base64'), 'service account'],
  [VERTEX, `{"client_email":"${CANARY}"}`, '"private_key"'],
  [VERTEX, `{"client_email":"a","private_key":"${CANARY}"}`, 'PKCS#8'],
  [VERTEX, `{"client_email":"a","private_key":"-----BEGIN RSA PRIVATE KEY-----${CANARY}"}`, 'PKCS#8'],
  [VERTEX, `{"client_email":"a","private_key":"-----BEGIN PRIVATE KEY-----\\n${CANARY}\\n"}`, 'RSA "private_key"'],
  [
    VERTEX,
    `{"client_email":"a","private_key":"-----BEGIN PRIVATE KEY-----","token_uri":"https://u:${CANARY}@evil.example/"}`,
    '"token_uri"',
  ],
  [VERTEX, `{"client_email":"a","private_key":"-----BEGIN PRIVATE KEY-----","token_uri":"${CANARY}"}`, '"token_uri"'],
  ['adobe-firefly/v3/images', CANARY, '"clientSecret"'],
  ['adobe-firefly/v3/images', `{"clientId":"a","secret":"${CANARY}"}`, '"clientSecret"'],
];

describe('a damaged credential is refused with what was expected, and never shown', () => {
  for (const [path, credential, names] of MALFORMED) {
    test(`${path.split('/', 1)[0]}: ${credential.replace(CANARY, '…').slice(0, 60)}`, async () => {
      const error: unknown = await authorized(path, credential).then(
        () => null,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(CredentialError);
      expect(error).toMatchObject({ problem: 'malformed' });
      expect(String(error)).toContain(names);
      expectNoCanary(error, credential);
    });
  }

  test('nor by a host that it may not go to', async () => {
    const { authorize } = createAuthorizer({ clock: fakeClock(), send: noSend, baseUrls: new Map() });
    const target = { url: 'https://evil.example/', path: '', model: null };
    const headers = new Fields();
    const secret = storedAs(CANARY);
    const error: unknown = await authorize({
      row: rowOf('openai'),
      target,
      method: 'GET',
      headers,
      body: null,
      secret,
    }).catch((thrown) => thrown);
    expect(error).toMatchObject({ problem: 'misdirected' });
    expectNoCanary(error, CANARY);
  });

  test('nor by a token endpoint that repeats what it was sent', async () => {
    const stored = { clientId: 'id', clientSecret: CANARY };
    const send = async ({ body }: { body: Uint8Array | null }) =>
      Response.json({ error: CANARY, error_description: Buffer.from(body ?? []).toString() }, { status: 400 });
    const error: unknown = await authorized('adobe-firefly/v3/images', stored, { send }).catch((thrown) => thrown);
    expect(error).toMatchObject({ problem: 'rejected' });
    expectNoCanary(error, CANARY);
  });
});

function expectNoCanary(error: unknown, credential: string): void {
  const shown = [
    String(error),
    inspect(error, { depth: 10, showHidden: true }),
    Bun.inspect(error),
    JSON.stringify(error),
  ];
  for (const text of shown) {
    expect(text).not.toContain(CANARY);
    if (credential.length > 30) expect(text).not.toContain(credential.slice(0, 30));
  }
}

describe('a credential is checked before it is stored', () => {
  test('by the shapes of its provider', () => {
    const aws = { accessKeyId: 'AKID', secretAccessKey: 's', region: 'us-east-1' };
    expect(() => checkCredential(rowOf('aws-bedrock'), storedAs(aws))).not.toThrow();
    expect(() => checkCredential(rowOf('aws-bedrock'), storedAs('ABSKQmVkcm9jaw=='))).not.toThrow();
    expect(() => checkCredential(rowOf('openai'), storedAs(aws))).toThrow('The stored credential is not an API key');
    expect(() => checkCredential(rowOf('google-vertex-ai'), storedAs('sk-1'))).toThrow('service account');
    expect(() => checkCredential(rowOf('sandbox'), storedAs(''))).not.toThrow();
  });

  test('Bedrock keys without a region sign for the path’s', async () => {
    const keys = { accessKeyId: 'AKID', secretAccessKey: 's' };
    const { headers } = await authorized('aws-bedrock/bedrock-runtime/eu-west-3/model/m/invoke', keys);
    expect(headers.authorization).toContain('/eu-west-3/bedrock/');
  });
});

describe('what a credential says about its site', () => {
  const none = { region: null, projectId: null, resource: null };
  const SITES: readonly (readonly [credential: string | object, site: object])[] = [
    ['sk-1', none],
    ['', none],
    [
      { accessKeyId: 'A', secretAccessKey: 's', region: 'us-west-2' },
      { ...none, region: 'us-west-2' },
    ],
    [
      { client_email: 'a', project_id: 'p-1', region: 'us-east5' },
      { ...none, projectId: 'p-1', region: 'us-east5' },
    ],
    [Buffer.from('{"project_id":"example.com:p"}').toString('base64'), { ...none, projectId: 'example.com:p' }],
    [
      { apiKey: 'k', resource: 'my-res' },
      { ...none, resource: 'my-res' },
    ],
    [{ region: 'x/../y', project_id: 7, resource: 'a b' }, none],
  ];
  for (const [credential, site] of SITES) {
    test(JSON.stringify(credential), () => expect(credentialSite(storedAs(credential))).toMatchObject(site));
  }
});

describe('whether a request brings the provider’s own credential', () => {
  const ROWS: readonly (readonly [slug: string, headers: Record<string, string>, query: string, brings: boolean])[] = [
    ['openai', { authorization: 'Bearer sk-1' }, '', true],
    ['openai', { authorization: '' }, '', false],
    ['openai', { 'x-api-key': 'sk-1' }, '?key=1', false],
    ['anthropic', { authorization: 'Bearer oauth' }, '', true],
    ['aws-bedrock', { 'x-amz-security-token': 't' }, '', true],
    ['google-ai-studio', {}, '?alt=sse&key=AIza', true],
    ['google-ai-studio', {}, '?api%5Fkey=AIza', true],
    ['google-ai-studio', { 'x-goog-api-key': '' }, '?key=&alt=sse', false],
    ['google-ai-studio', {}, '', false],
    ['cartesia', {}, '?api_key=k', true],
  ];
  for (const [slug, headers, query, brings] of ROWS) {
    test(`${slug} ${JSON.stringify(headers)} ${query}: ${brings}`, () => {
      expect(hasProviderCredential(rowOf(slug), new Headers(headers), query)).toBe(brings);
    });
  }

  test('every row is asked for each of its headers and parameters', () => {
    for (const row of PROVIDERS) {
      expect(hasProviderCredential(row, new Headers(), '?x=1')).toBe(false);
      for (const name of row.credentialHeaders) {
        expect(hasProviderCredential(row, new Headers({ [name]: 'k' }), '')).toBe(true);
      }
      for (const name of row.credentialQuery ?? []) {
        expect(hasProviderCredential(row, new Headers(), `?${name}=k`)).toBe(true);
      }
    }
  });
});

describe('the operator’s keys', () => {
  test('are read by slug, aliases resolved, objects kept as JSON', () => {
    const aws = { accessKeyId: 'AKID', secretAccessKey: 's', region: 'us-east-1' };
    const keys = parseProviderKeys(JSON.stringify({ openai: 'sk-1', xai: 'xai-1', 'aws-bedrock': aws }));
    expect([...keys].map(([slug, secret]) => [slug, secret.reveal()])).toEqual([
      ['openai', 'sk-1'],
      ['grok', 'xai-1'],
      ['aws-bedrock', JSON.stringify(aws)],
    ]);
    expect(inspect(keys)).not.toContain('sk-1');
  });

  const REFUSED: readonly (readonly [text: string, message: string])[] = [
    [`{"openai": "${CANARY}`, 'expected a JSON object'],
    [`["${CANARY}"]`, 'expected a JSON object'],
    [`"${CANARY}"`, 'expected a JSON object'],
    [`{"opnai": "${CANARY}"}`, '"opnai": there is no such provider'],
    [`{"${CANARY}": "openai"}`, '"openai" stands in the place of the key'],
    [`{"${CANARY}": "x"}`, 'a name: there is no such provider'],
    [`{"custom-mine": "${CANARY}"}`, 'no custom ones'],
    [`{"sandbox": "${CANARY}"}`, '"sandbox": this provider takes no key'],
    [`{"grok": "${CANARY}", "xai": "${CANARY}"}`, '"xai": there is a second key for grok'],
    [`{"openai": ["${CANARY}"]}`, '"openai": expected a key'],
    [`{"openai": 7}`, '"openai": expected a key'],
    [`{"openai": ""}`, '"openai": The stored credential is not an API key'],
    [`{"google-vertex-ai": "${CANARY}"}`, '"google-vertex-ai": The stored credential is not a service account key'],
    [`{"aws-bedrock": {"accessKeyId": "${CANARY}"}}`, '"aws-bedrock": The stored credential is not JSON with'],
  ];
  for (const [text, message] of REFUSED) {
    test(text.replaceAll(CANARY, '…'), () => {
      let error: unknown = null;
      try {
        parseProviderKeys(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(String(error)).toContain(message);
      expectNoCanary(error, CANARY);
    });
  }
});
