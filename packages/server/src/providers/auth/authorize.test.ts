import { describe, expect, test } from 'bun:test';
import { customProviderRow } from '../custom.ts';
import type { Target } from '../row.ts';
import { rowOf, targetOf } from '../testing.ts';
import { Fields } from '../../lib/index.ts';
import { createAuthorizer } from './authorize.ts';
import { CredentialError } from './credential.ts';
import { authorized, fakeClock, noSend, storedAs } from './testing.ts';

const KEY = 'stored-key-1';

describe('what the client sent in the credential’s place is taken off', () => {
  test('empty and left-over headers, whatever their name; all others stay', async () => {
    const sent = { authorization: '', 'x-api-key': '', 'api-key': 'stays', 'anthropic-beta': 'b', accept: 'text/html' };
    expect((await authorized('anthropic/v1/messages', KEY, { headers: sent })).headers).toEqual({
      'x-api-key': KEY,
      'api-key': 'stays',
      'anthropic-beta': 'b',
      'anthropic-version': '2023-06-01',
      accept: 'text/html',
    });
  });

  const QUERIES: readonly (readonly [sent: string, kept: string])[] = [
    ['?key=', ''],
    ['?key', ''],
    ['?alt=sse&key=&x=%2F+a', '?alt=sse&x=%2F+a'],
    ['?api_key=&key=', ''],
    ['?keys=1&xkey=2&a=key=', '?keys=1&xkey=2&a=key='],
    ['?alt=sse', '?alt=sse'],
    ['', ''],
  ];
  for (const [sent, kept] of QUERIES) {
    test(`query ${sent || 'none'}`, async () => {
      const path = 'google-ai-studio/v1beta/models/m:streamGenerateContent';
      const { url } = await authorized(path + sent, KEY);
      expect(url).toBe(`https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent${kept}`);
    });
  }

  test('the given headers are left as they are, so that a retry starts from the same', async () => {
    const row = rowOf('openai');
    const headers = new Fields({ authorization: '' });
    const { authorize } = createAuthorizer({ clock: fakeClock(), send: noSend, baseUrls: new Map() });
    const target = targetOf('openai/models');
    await authorize({ row, target, method: 'GET', headers, body: null, secret: storedAs(KEY) });
    expect(headers.record).toEqual({ authorization: '' });
  });
});

describe('headers that a provider demands beside the key', () => {
  test('the client’s own wins', async () => {
    const { headers } = await authorized('anthropic/v1/messages', KEY, {
      headers: { 'anthropic-version': '2099-01-01' },
    });
    expect(headers['anthropic-version']).toBe('2099-01-01');
  });
});

describe('a stored key goes only to the hosts of its provider', () => {
  const to = (slug: string, url: string, extra: { baseUrl?: string; userGiven?: boolean } = {}) => {
    const row = rowOf(slug);
    const baseUrls = new Map(extra.baseUrl === undefined ? [] : [[slug, extra.baseUrl]]);
    const target: Target = { url, path: 'x', model: null, ...(extra.userGiven === true ? { userGiven: true } : {}) };
    const { authorize } = createAuthorizer({ clock: fakeClock(), send: noSend, baseUrls });
    const secret = storedAs(KEY);
    return authorize({ row, target, method: 'POST', headers: new Fields(), body: null, secret });
  };

  const TAKEN: readonly (readonly [slug: string, url: string, baseUrl?: string])[] = [
    ['openai', 'https://api.openai.com/v1/models'],
    ['azure-openai', 'https://my-res.openai.azure.com/openai/deployments/d/x'],
    ['baseten', 'https://model-abc.api.baseten.co/production/predict'],
    ['aws-bedrock', 'https://bedrock-runtime.us-gov-west-1.amazonaws.com/x'],
    ['aws-bedrock', 'https://bedrock-mantle.eu-west-1.api.aws/x'],
    ['fal', 'https://fal.run/x'],
    ['fal', 'https://queue.fal.run/x'],
    ['fal', 'https://rest.alpha.fal.ai/x'],
    ['fal', 'https://v3.fal.media/x'],
    ['openai', 'http://127.0.0.1:9/v1/x', 'http://127.0.0.1:9/v1'],
    ['openai', 'http://[::1]:9/v1/x', 'http://[::1]:9/v1'],
    ['openai', 'https://proxy.internal/x', 'HTTPS://Proxy.Internal:443/y'],
    ['azure-openai', 'https://res.proxy.internal/x', 'https://{resource}.proxy.internal'],
  ];
  for (const [slug, url, baseUrl] of TAKEN) {
    test(`${slug}: ${url}`, async () => {
      expect((await to(slug, url, baseUrl === undefined ? {} : { baseUrl })).url).toBe(url);
    });
  }

  const REFUSED: readonly (readonly [slug: string, url: string, baseUrl?: string])[] = [
    ['openai', 'https://evil.example/v1'],
    ['openai', 'http://api.openai.com/v1'],
    ['openai', 'https://api.openai.com:8443/v1'],
    ['openai', 'https://api.openai.com.evil.example/v1'],
    ['openai', 'https://apixopenai.com/v1'],
    ['openai', 'https://api.openai.com@evil.example/v1'],
    ['azure-openai', 'https://a.b.openai.azure.com/x'],
    ['azure-openai', 'https://evil.example/.openai.azure.com'],
    ['aws-bedrock', 'https://bedrock-runtime.evil.example'],
    ['fal', 'https://evilfal.run/x'],
    ['fal', 'https://fal.media/x'],
    ['openai', 'https://api.openai.com/v1', 'http://127.0.0.1:9/v1'],
    ['openai', 'http://127.0.0.1:10/v1', 'http://127.0.0.1:9/v1'],
    ['openai', 'https://api.openai.com/v1', 'not a url'],
  ];
  for (const [slug, url, baseUrl] of REFUSED) {
    test(`never ${slug}: ${url}${baseUrl === undefined ? '' : ` while the base is ${baseUrl}`}`, async () => {
      const refused = to(slug, url, { userGiven: true, ...(baseUrl === undefined ? {} : { baseUrl }) });
      await expect(refused).rejects.toMatchObject({ name: 'CredentialError', problem: 'misdirected' });
    });
  }

  test('all targets of the path tables pass, with and without a replaced base', async () => {
    const paths = [
      'google-vertex-ai/v1/projects/p/locations/us-east5/publishers/google/models/m:generateContent',
      'google-vertex-ai/v1/projects/p/locations/global/publishers/google/models/m:generateContent',
      'google-vertex-ai/v1/projects/p/locations/eu/publishers/google/models/m:generateContent',
      'azure-openai/res/openai/v1/chat/completions',
      'workers-ai/v1/embeddings',
    ];
    for (const path of paths) {
      await authorized(path, 'AIza-1');
      await authorized(path, 'AIza-1', { baseUrl: 'http://127.0.0.1:9/base' });
    }
  });

  test('a fal target that the client names gets the key', async () => {
    const sent = { headers: { 'x-fal-target-url': 'https://queue.fal.run/fal-ai/flux' } };
    expect((await authorized('fal', KEY, sent)).headers.authorization).toBe(`Key ${KEY}`);
  });

  test('a custom provider’s key stays with its base', async () => {
    const row = customProviderRow({ slug: 'mine', baseUrl: 'https://llm.example/v1', headers: {} });
    const { authorize } = createAuthorizer({ clock: fakeClock(), send: noSend, baseUrls: new Map() });
    const rest = { row, method: 'GET', headers: new Fields(), body: null, secret: storedAs(KEY) };
    const target = (url: string): Target => ({ url, path: '', model: null, userGiven: true });
    expect((await authorize({ ...rest, target: target('https://llm.example/v1/x') })).url).toEndWith('/v1/x');
    const elsewhere = authorize({ ...rest, target: target('https://other.example/v1/x') });
    await expect(elsewhere).rejects.toBeInstanceOf(CredentialError);
  });
});
