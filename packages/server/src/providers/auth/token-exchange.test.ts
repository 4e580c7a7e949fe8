import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createEgress } from '../../http/index.ts';
import { Fields, Secret } from '../../lib/index.ts';
import { rowOf, targetOf } from '../testing.ts';
import { createAuthorizer } from './authorize.ts';
import { recogniseServiceAccount } from './service-account.ts';
import { fakeClock, NOW_MS, storedAs } from './testing.ts';
import type { TokenHttpRequest } from './token-exchange.ts';

const VERTEX = 'google-vertex-ai/v1/projects/p/locations/us-east5/publishers/google/models/m:generateContent';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** The token endpoint: checks assertions with the public key and keeps what it was asked. */
const asked: { headers: Headers; form: URLSearchParams; assertionValid: boolean }[] = [];
let answer: () => Response;
let publicKey: CryptoKey;
let account: Record<string, string>;
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const form = new URLSearchParams(await request.text());
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const assertionValid = await crypto.subtle.verify(RSA, publicKey, bytes, Buffer.from(`${header}.${claims}`));
    asked.push({ headers: request.headers, form, assertionValid });
    return answer();
  },
});
const send = createEgress({ local: new Map(), mayBePrivate: () => true });
let issued = 0;
const token = (lifetimeS = 3600) =>
  Response.json({ access_token: `ya29.${++issued}`, expires_in: lifetimeS, token_type: 'Bearer' });

beforeAll(async () => {
  const rsa = { ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  publicKey = pair.publicKey;
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64');
  account = {
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'kid-1',
    private_key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
    client_email: 'robot@p.iam.gserviceaccount.com',
    token_uri: `http://127.0.0.1:${server.port}/token`,
    region: 'us-east5',
  };
});
afterAll(() => server.stop(true));
beforeEach(() => {
  asked.length = 0;
  issued = 0;
  answer = token;
});

function authorizer(clock = fakeClock(), sendToken = send) {
  const { authorize } = createAuthorizer({ clock, send: sendToken, baseUrls: new Map() });
  return async (secret: Secret, path = VERTEX) => {
    const row = rowOf(path.split('/', 1)[0] ?? '');
    const headers = new Fields({ authorization: '' });
    const authorized = await authorize({ row, target: targetOf(path), method: 'POST', headers, body: null, secret });
    return authorized.headers.record;
  };
}
const claimsOf = (form: URLSearchParams, part = 1) =>
  JSON.parse(Buffer.from(form.get('assertion')?.split('.')[part] ?? '', 'base64url').toString());

describe('a service account key is exchanged for an access token', () => {
  test('by a signed assertion, at the key’s own token endpoint', async () => {
    expect(await authorizer()(storedAs(account))).toEqual({ authorization: 'Bearer ya29.1' });
    expect(asked).toHaveLength(1);
    const [{ form, headers, assertionValid } = { form: new URLSearchParams(), headers: new Fields() }] = asked;
    expect(assertionValid).toBe(true);
    expect(headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(headers.get('accept-encoding')).toBe('identity');
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(claimsOf(form, 0)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'kid-1' });
    expect(claimsOf(form)).toEqual({
      iss: 'robot@p.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: account.token_uri,
      iat: NOW_MS / 1000,
      exp: NOW_MS / 1000 + 3600,
    });
  });

  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const SHAPES: readonly (readonly [string, (json: string) => string])[] = [
    ['plain JSON', (json) => json],
    ['indented JSON', (json) => JSON.stringify(JSON.parse(json), null, 2)],
    ['base64', base64],
    ['base64url without padding', (json) => Buffer.from(json).toString('base64url')],
    ['base64 wrapped into lines', (json) => base64(json).replace(/(.{76})/g, '$1\n')],
    ['line ends spelt out', (json) => json.replaceAll('\\n', '\\\\n')],
  ];
  for (const [name, shape] of SHAPES) {
    test(`stored as ${name}`, async () => {
      const stored = new Secret(shape(JSON.stringify(account)));
      expect(await authorizer()(stored)).toEqual({ authorization: 'Bearer ya29.1' });
      expect(asked[0]?.assertionValid).toBe(true);
    });
  }

  test('which is kept until a minute before it expires', async () => {
    const clock = fakeClock();
    const authorize = authorizer(clock);
    const first = await authorize(storedAs(account));
    clock.advance(3_539_999);
    expect(await authorize(storedAs(account))).toEqual(first);
    clock.advance(1);
    expect(await authorize(storedAs(account))).toEqual({ authorization: 'Bearer ya29.2' });
    expect(asked).toHaveLength(2);
    expect(claimsOf(asked[1]?.form ?? new URLSearchParams()).iat).toBe(NOW_MS / 1000 + 3540);
  });

  const LIFETIMES: readonly (readonly [answered: unknown, keptMs: number])[] = [
    [40, 20_000],
    ['3600', 3_540_000],
    [undefined, 240_000],
    [-5, 240_000],
    ['soon', 240_000],
  ];
  for (const [lifetime, keptMs] of LIFETIMES) {
    test(`a lifetime of ${lifetime} keeps it for ${keptMs} ms`, async () => {
      answer = () => Response.json({ access_token: `ya29.${++issued}`, expires_in: lifetime });
      const clock = fakeClock();
      const authorize = authorizer(clock);
      await authorize(storedAs(account));
      clock.advance(keptMs - 1);
      await authorize(storedAs(account));
      expect(asked).toHaveLength(1);
      clock.advance(1);
      await authorize(storedAs(account));
      expect(asked).toHaveLength(2);
    });
  }

  test('callers at the same time share one exchange, also when the token has run out', async () => {
    const clock = fakeClock();
    const authorize = authorizer(clock);
    const many = () => Promise.all(Array.from({ length: 20 }, () => authorize(storedAs(account))));
    expect(new Set((await many()).map((headers) => headers.authorization))).toEqual(new Set(['Bearer ya29.1']));
    clock.advance(3_600_000);
    expect(new Set((await many()).map((headers) => headers.authorization))).toEqual(new Set(['Bearer ya29.2']));
    expect(asked).toHaveLength(2);
    expect(clock.waiting()).toBe(0);
  });

  test('another private key of the same account is not given the kept token', async () => {
    const authorize = authorizer();
    await authorize(storedAs(account));
    const pem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    await expect(authorize(storedAs({ ...account, private_key: pem }))).rejects.toMatchObject({ problem: 'malformed' });
  });

  test('at most 1000 tokens are kept; the longest unused go first', async () => {
    const authorize = authorizer(fakeClock(), async () => token());
    const nth = (n: number) => storedAs({ clientId: `id-${n}`, clientSecret: 's' });
    const firefly = 'adobe-firefly/v3/images/generate';
    for (let n = 1; n <= 1000; n++) await authorize(nth(n), firefly);
    await authorize(nth(1), firefly);
    await authorize(nth(1001), firefly);
    expect(await authorize(nth(1), firefly)).toMatchObject({ authorization: 'Bearer ya29.1' });
    expect(await authorize(nth(2), firefly)).toMatchObject({ authorization: 'Bearer ya29.1002' });
  });
});

describe('an exchange that fails', () => {
  const FAILURES: readonly (readonly [name: string, () => Response, problem: string, message: string])[] = [
    [
      'a refusal is told by its code',
      () => Response.json({ error: 'invalid_grant', error_description: 'Invalid JWT' }, { status: 400 }),
      'rejected',
      'issued no token (HTTP 400 invalid_grant): the key may be deleted, its account disabled, or the clock of this machine wrong',
    ],
    [
      'a redirect is not followed',
      () => Response.redirect('http://127.0.0.1:1/'),
      'rejected',
      'issued no token (HTTP 302)',
    ],
    ['an outage', () => new Response('<html>', { status: 503 }), 'unreachable', 'issued no token (HTTP 503)'],
    ['throttling', () => new Response('', { status: 429 }), 'unreachable', 'issued no token (HTTP 429)'],
    ['no JSON', () => new Response('hello'), 'unreachable', 'answered without an access token'],
    ['no token', () => Response.json({ id_token: 'x' }), 'unreachable', 'answered without an access token'],
    ['a token that is no header', () => Response.json({ access_token: 'a\nb' }), 'unreachable', 'answered without'],
    [
      'an endless answer',
      () => new Response(`{"access_token":"a","x":"${'y'.repeat(200_000)}"}`),
      'unreachable',
      'answered without an access token',
    ],
  ];
  for (const [name, failing, problem, message] of FAILURES) {
    test(`${name}, and is not kept`, async () => {
      const authorize = authorizer();
      answer = failing;
      const failed = authorize(storedAs(account));
      await expect(failed).rejects.toMatchObject({ name: 'CredentialError', problem });
      await expect(failed).rejects.toThrow(`The token endpoint 127.0.0.1:${server.port} ${message}`);
      answer = token;
      expect(await authorize(storedAs(account))).toEqual({ authorization: 'Bearer ya29.1' });
    });
  }

  test('a silent endpoint is given up after ten seconds', async () => {
    const clock = fakeClock();
    const silent = ({ signal }: TokenHttpRequest) =>
      new Promise<Response>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        clock.advance(10_000);
      });
    const failed = authorizer(clock, silent)(storedAs(account));
    await expect(failed).rejects.toMatchObject({ problem: 'unreachable' });
    await expect(failed).rejects.toThrow('gave no answer within 10 s');
  });

  test('an endpoint that can’t be reached is told with its cause', async () => {
    const cause = new Error('connect_refused');
    const failed = authorizer(fakeClock(), () => Promise.reject(cause))(storedAs(account));
    await expect(failed).rejects.toMatchObject({ problem: 'unreachable', cause });
    await expect(failed).rejects.toThrow('could not be reached');
  });
});

test('the token endpoint of a key is a user’s choice, a provider’s own is not', async () => {
  const seen: [url: string, userGiven: boolean][] = [];
  const authorize = authorizer(fakeClock(), async ({ url, userGiven }) => {
    seen.push([url, userGiven]);
    return token();
  });
  const { token_uri: _, ...withoutUri } = account;
  await authorize(storedAs(withoutUri));
  await authorize(storedAs({ clientId: 'id', clientSecret: 's' }), 'adobe-firefly/v3/images/generate');
  expect(seen).toEqual([
    ['https://oauth2.googleapis.com/token', true],
    ['https://ims-na1.adobelogin.com/ims/token/v3', false],
  ]);
});

test('Adobe: client id and secret become a bearer beside the id', async () => {
  const forms: string[] = [];
  const authorize = authorizer(fakeClock(), async ({ body }) => {
    forms.push(Buffer.from(body ?? []).toString());
    return token(86_399);
  });
  const stored = storedAs({ clientId: 'client-1', clientSecret: 'p-secret' });
  const expected = { authorization: 'Bearer ya29.1', 'x-api-key': 'client-1' };
  expect(await authorize(stored, 'adobe-firefly/v3/images/generate')).toEqual(expected);
  expect(await authorize(stored, 'adobe-firefly/v3/images/generate')).toEqual(expected);
  expect(forms).toEqual([
    'grant_type=client_credentials&client_id=client-1&client_secret=p-secret&scope=openid%2CAdobeID%2Csession%2Cadditional_info%2Cread_organizations%2Cfirefly_api%2Cff_apis',
  ]);
});

describe('a service account key that a client sends in place of a token', () => {
  test('is recognised, and authorises like a stored one', async () => {
    const sent = Buffer.from(JSON.stringify(account)).toString('base64');
    for (const value of [`Bearer ${sent}`, `bearer   ${sent}`, sent, JSON.stringify(account)]) {
      const secret = recogniseServiceAccount(value);
      if (secret === null) throw new Error(`not recognised: ${value.slice(0, 10)}`);
      expect(await authorizer()(secret)).toHaveProperty('authorization');
    }
  });

  const encoded = (value: unknown) => `Bearer ${Buffer.from(JSON.stringify(value)).toString('base64')}`;
  const OTHERS: readonly (readonly [name: string, value: string | null])[] = [
    ['nothing', null],
    ['an empty header', ''],
    ['an access token', 'Bearer ya29.a0AfH6SMBx-abc_def'],
    ['a JWT', 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln'],
    ['an API key', 'Bearer AIzaSyD-abc'],
    ['base64 of something else', encoded({ client_email: 'a@b' })],
    ['base64 of a list', encoded([1])],
    ['an Access service token', '{"cf-access-client-id":"a","cf-access-client-secret":"b"}'],
  ];
  for (const [name, value] of OTHERS) {
    test(`${name} is none`, () => expect(recogniseServiceAccount(value)).toBeNull());
  }
});
