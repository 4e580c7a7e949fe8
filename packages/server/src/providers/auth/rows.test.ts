import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { customProviderRow } from '../custom.ts';
import { PROVIDERS } from '../registry.ts';
import { ask } from '../testing.ts';
import { Fields } from '../../lib/index.ts';
import { createAuthorizer } from './authorize.ts';
import { authorized, fakeClock, noSend, storedAs } from './testing.ts';

const KEY = 'stored-key-1';
const bearer = { authorization: `Bearer ${KEY}` };

/** A path of every provider, and the whole of the headers that a stored bare key becomes there. */
const HEADERS: readonly (readonly [gatewayPath: string, headers: Record<string, string>])[] = [
  ['openai/chat/completions', bearer],
  ['anthropic/v1/messages', { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' }],
  ['google-ai-studio/v1beta/models/gemini-2.5-pro:generateContent', { 'x-goog-api-key': KEY }],
  ['google-ai-studio/v1beta/openai/chat/completions', bearer],
  ['google/v1beta/models', { 'x-goog-api-key': KEY }],
  ['workers-ai/@cf/meta/llama-3.1-8b-instruct', bearer],
  ['aws-bedrock/bedrock-runtime/us-east-1/model/m/converse', bearer],
  ['aws-bedrock/bedrock-mantle/us-east-1/v1/chat/completions', bearer],
  [
    'aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages',
    { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
  ],
  ['azure-openai/res/dep/chat/completions?api-version=2024-10-21', { 'api-key': KEY }],
  ['azure/res/anthropic/v1/messages', { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' }],
  ['azure/res/models/chat/completions', { 'api-key': KEY }],
  ['grok/v1/chat/completions', bearer],
  ['groq/chat/completions', bearer],
  ['mistral/v1/chat/completions', bearer],
  ['deepseek/chat/completions', bearer],
  ['cohere/v2/chat', bearer],
  ['perplexity-ai/chat/completions', bearer],
  ['cerebras/chat/completions', bearer],
  ['openrouter/chat/completions', bearer],
  ['fireworks/chat/completions', bearer],
  ['baseten/v1/chat/completions', bearer],
  ['baseten/model/abcd1234', { authorization: `Api-Key ${KEY}` }],
  ['parallel/v1/tasks/runs', { 'x-api-key': KEY }],
  ['replicate/predictions/p1', bearer],
  ['huggingface/bigcode/starcoder', bearer],
  ['fal/fal-ai/flux/dev', { authorization: `Key ${KEY}` }],
  ['ideogram/v1/ideogram-v3/generate', { 'api-key': KEY }],
  ['cartesia/tts/bytes', { 'x-api-key': KEY, 'cartesia-version': '2024-11-13' }],
  ['elevenlabs/v1/text-to-speech/v', { 'xi-api-key': KEY }],
  ['deepgram/v1/listen?model=nova-3', { authorization: `Token ${KEY}` }],
  ['sandbox/v1/chat/completions', {}],
];
const VERTEX_REST = 'v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro:generateContent';

describe('a stored key becomes exactly these headers', () => {
  for (const [path, headers] of HEADERS) {
    test(path, async () => {
      expect((await authorized(path, KEY)).headers).toEqual(headers);
      expect((await authorized(path, { apiKey: KEY, note: 'x' })).headers).toEqual(headers);
      expect((await authorized(path, `\n ${KEY}\r\n`)).headers).toEqual(headers);
    });
  }

  test('Vertex takes Google API keys beside service accounts', async () => {
    const headers = { 'x-goog-api-key': 'AIzaSy-stored' };
    expect((await authorized(`google-vertex-ai/${VERTEX_REST}`, 'AIzaSy-stored')).headers).toEqual(headers);
    expect((await authorized(`google-vertex-ai/${VERTEX_REST}`, { apiKey: 'AIzaSy-stored' })).headers).toEqual(headers);
  });

  test('every row is in the tables', () => {
    const shown = new Set(HEADERS.map(([path]) => path.split('/', 1)[0]));
    const elsewhere = ['google-vertex-ai', 'adobe-firefly'];
    expect(PROVIDERS.map((row) => row.slug).filter((slug) => !shown.has(slug))).toEqual(elsewhere);
  });

  test('a custom provider: bearer, beside its own headers', async () => {
    const row = customProviderRow({
      slug: 'mine',
      baseUrl: 'http://10.0.0.1:8000/v1',
      headers: { 'X-Api-Key': 'own' },
    });
    const target = ask(row, 'models');
    if ('problem' in target) throw new Error(target.problem);
    const { authorize } = createAuthorizer({ clock: fakeClock(), send: noSend, baseUrls: new Map() });
    const given = new Fields({ 'x-api-key': 'own', 'api-key': '' });
    const request = { row, target, method: 'GET', headers: given, body: null, secret: storedAs(KEY) };
    const { headers } = await authorize(request);
    expect(headers.record).toEqual({ 'x-api-key': 'own', authorization: `Bearer ${KEY}` });
  });
});

describe('the auth of every row', () => {
  for (const row of PROVIDERS) {
    test(`${row.slug} writes only into headers that count as its credential, in lower case`, () => {
      const { auth } = row;
      const names: string[] = [];
      if (auth.kind === 'header') names.push(auth.name);
      else if (auth.kind !== 'none') names.push('authorization');
      if (auth.kind === 'client-credentials') names.push(auth.idHeader);
      if ('apiKey' in auth && auth.apiKey.kind === 'header') names.push(auth.apiKey.name);
      for (const name of names) expect(row.credentialHeaders).toContain(name);
      for (const name of Object.keys(auth.defaults ?? {})) expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
    });
  }
});

describe('docs/credentials.md', () => {
  const page = readFileSync(new URL('../../../../../docs/credentials.md', import.meta.url), 'utf8');
  const [, table = ''] = page.split(/<!-- \/?stored-keys -->/);
  const slugs = [...table.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    cell.match(/[a-z-]+/g),
  );

  test('says of every provider, and of no other, how its key is sent', () => {
    expect(slugs.toSorted()).toEqual(PROVIDERS.map((row) => row.slug).toSorted());
  });
});
