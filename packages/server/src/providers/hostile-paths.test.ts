import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { customProviderRow } from './custom.ts';
import { PROVIDERS } from './registry.ts';
import { ask, problemOf, targetOf } from './testing.ts';

describe('dot segments are refused in every spelling', () => {
  const SPELLINGS = ['..', '.', '%2e%2e', '%2E.', '.%2e', '%2e', '..%2f..', 'a%2F..', '..%5Cx', 'x%5c%2e%2e'];
  for (const spelling of SPELLINGS) {
    test(spelling, () => {
      expect(problemOf(`openai/${spelling}/admin`)).toBe('The path holds a dot segment');
      expect(problemOf(`openai/models/${spelling}`)).toBe('The path holds a dot segment');
      expect(problemOf(`openai/${spelling}`)).toBe('The path holds a dot segment');
    });
  }

  test('dots inside a segment are just dots', () => {
    expect(targetOf('openai/models/a..b/...').url).toBe('https://api.openai.com/v1/models/a..b/...');
  });
});

describe('characters that a URL parser would drop or turn into structure are refused', () => {
  for (const character of ['\\', ' ', '\t', '\n', '\r', '\0', '\x7f', '#']) {
    test(JSON.stringify(character), () => {
      expect(problemOf(`openai/a${character}b`)).not.toBeNull();
      expect(problemOf(`anthropic/${character}${character}evil.com`)).not.toBeNull();
      if (character !== '\\') expect(problemOf(`openai/a?x=${character}`)).not.toBeNull();
    });
  }
});

describe('no path changes the host', () => {
  for (const path of [
    '@evil.com/x',
    '//evil.com/x',
    '///evil.com',
    ':80@evil.com',
    'https://evil.com/',
    '%2F%2Fevil.com',
    '.evil.com',
  ]) {
    test(path, () => {
      for (const slug of ['openai', 'anthropic', 'deepgram', 'fal', 'google-ai-studio', 'sandbox']) {
        const url = new URL(targetOf(`${slug}/${path}`).url);
        expect(url.host).toBe(new URL(targetOf(`${slug}/x`).url).host);
        expect(url.username).toBe('');
      }
    });
  }
});

/** Hosts that a row with variable parts may reach; the others have just their base. */
const HOSTS: Record<string, RegExp> = {
  'google-vertex-ai':
    /^https:\/\/(?:[a-z0-9-]+-aiplatform|aiplatform|aiplatform\.(?:us|eu)\.rep)\.googleapis\.com(?:\/|\?|$)/,
  'aws-bedrock':
    /^https:\/\/(?:bedrock-runtime\.[a-z0-9-]+\.amazonaws\.com|bedrock-mantle\.[a-z0-9-]+\.api\.aws)(?:\/|\?|$)/,
  'azure-openai': /^https:\/\/[A-Za-z0-9-]+\.openai\.azure\.com\/openai(?:\/|\?|$)/,
  azure: /^https:\/\/[A-Za-z0-9-]+\.services\.ai\.azure\.com(?:\/|\?|$)/,
  baseten: /^https:\/\/(?:inference|model-[A-Za-z0-9-]+\.api)\.baseten\.co(?:\/|\?|$)/,
  'workers-ai': /^https:\/\/api\.cloudflare\.com\/client\/v4\/accounts\/acc-1\/ai(?:\/|\?|$)/,
};

const NASTY = [
  '..',
  '.',
  '%2e%2e',
  '%2F',
  '%5c',
  '%00',
  '\\',
  '@',
  ':',
  '//',
  '/',
  '#',
  '?',
  '\t',
  ' ',
  '{account}',
  'é',
];
const PLAIN = [
  'v1',
  'v1beta',
  'api',
  'openai',
  'inference',
  'run',
  'model',
  'models',
  'evil.com',
  'us-east-1',
  'a-b',
  '%41',
  '%',
];
const SHAPED = [
  'bedrock-runtime/us-east-1/',
  'bedrock-mantle/',
  'v1/projects/p/locations/',
  'res/dep/',
  'model/',
  'publishers/',
];

/** Paths made of what the rules look at and of what parsers trip over. */
const paths = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NASTY),
      fc.constantFrom(...PLAIN),
      fc.constantFrom(...SHAPED),
      fc.string(),
      fc.constant('/'),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));
const queries = fc.oneof(
  fc.constant(''),
  fc.string().map((text) => `?${text}`),
);

const custom = customProviderRow({ slug: 'mine', baseUrl: 'https://api.example.com/fixed/prefix', headers: {} });
const ROWS = [...PROVIDERS, custom];

/** What the URL is once fetch has parsed it must lie below the base too. */
function expectBelow(url: string, base: string) {
  for (const spelling of [url, new URL(url).href]) {
    expect(spelling === base || [`${base}/`, `${base}?`].some((start) => spelling.startsWith(start))).toBe(true);
  }
}

describe('for any path the URL lies below the base, or there is a problem', () => {
  for (const row of ROWS) {
    test(row.slug, () => {
      fc.assert(
        fc.property(paths, queries, (path, query) => {
          const target = row.target({ accountId: 'acc-1', path, query, header: () => null, baseUrl: null });
          if ('problem' in target) return;
          const pattern = HOSTS[row.slug];
          if (pattern === undefined) return expectBelow(target.url, row.baseUrl);
          expect(target.url).toMatch(pattern);
          expect(new URL(target.url).href).toMatch(pattern);
        }),
        { numRuns: 300 },
      );
    });

    test(`${row.slug} with a replaced base`, () => {
      fc.assert(
        fc.property(paths, queries, (path, query) => {
          const baseUrl = 'http://127.0.0.1:9/some/where';
          const target = row.target({ accountId: 'acc-1', path, query, header: () => null, baseUrl });
          if (!('problem' in target)) expectBelow(target.url, baseUrl);
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('for any ordinary path the URL is what fetch sends, byte for byte', () => {
  // Host names are lower-cased by the parser, and an Azure resource becomes one: no capitals here.
  const segment = fc.string({
    unit: fc.constantFrom(...'abcxyz019-_.~!$&()*+,;=:@', '%3A', '%2F', '%20', '%e9'),
    minLength: 1,
    maxLength: 6,
  });
  const ordinary = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  for (const row of ROWS) {
    test(row.slug, () => {
      fc.assert(
        fc.property(ordinary, (path) => {
          const target = ask(row, path);
          if (!('problem' in target) && target.path !== '') expect(new URL(target.url).href).toBe(target.url);
        }),
        { numRuns: 200 },
      );
    });
  }
});

test('with and without v1/, any path reaches the same URL where clients disagree about it', () => {
  const word = fc.constantFrom('chat', 'completions', 'models', 'files', 'a', 'b%2Fc');
  const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  for (const slug of [
    'openai',
    'anthropic',
    'grok',
    'groq',
    'mistral',
    'deepseek',
    'cerebras',
    'openrouter',
    'replicate',
    'fireworks',
    'baseten',
    'cohere',
    'sandbox',
  ]) {
    fc.assert(
      fc.property(path, (rest) => {
        expect(targetOf(`${slug}/v1/${rest}`)).toEqual(targetOf(`${slug}/${rest}`));
        expect(targetOf(`${slug}//v1/v1/${rest}`)).toEqual(targetOf(`${slug}/${rest}`));
      }),
      { numRuns: 50 },
    );
  }
});
