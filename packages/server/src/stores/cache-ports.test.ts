import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type CacheKeyParts, cacheKey } from './cache-ports.ts';

const PARTS: CacheKeyParts = {
  accountId: 'local',
  gatewayKey: 'gateway-1',
  credential: 'Bearer sk-1',
  method: 'POST',
  provider: 'openai',
  endpoint: 'chat/completions',
  model: 'gpt-5-mini',
  body: Buffer.from('{"model":"gpt-5-mini"}'),
  customKey: null,
};

const CHANGES: [string, Partial<CacheKeyParts>][] = [
  ['account', { accountId: 'other' }],
  ['gateway', { gatewayKey: 'gateway-2' }],
  ['credential', { credential: 'Bearer sk-2' }],
  ['method', { method: 'GET' }],
  ['variant', { variant: 'gzip' }],
  ['provider', { provider: 'groq' }],
  ['endpoint', { endpoint: 'embeddings' }],
  ['model', { model: 'gpt-5' }],
  ['body', { body: Buffer.from('{"model":"gpt-5-mini" }') }],
  ['no body', { body: null }],
  ['empty body', { body: new Uint8Array(0) }],
  ['custom key', { customKey: '' }],
];
const ALWAYS = new Set(['account', 'gateway', 'credential', 'method', 'variant']);

describe('cacheKey', () => {
  test('is SHA-256 in lower-case hex, the same for the same request', () => {
    expect(cacheKey(PARTS)).toMatch(/^[0-9a-f]{64}$/);
    expect(cacheKey({ ...PARTS, body: Buffer.from(PARTS.body ?? '') })).toBe(cacheKey(PARTS));
    expect(cacheKey({ ...PARTS, variant: '' })).toBe(cacheKey(PARTS));
  });

  test('every part matters, and no two of these requests share a key', () => {
    const keys = [PARTS, ...CHANGES.map(([, change]) => ({ ...PARTS, ...change }))].map(cacheKey);
    expect(new Set(keys).size).toBe(CHANGES.length + 1);
  });

  test.each(CHANGES.slice(0, -1))('a custom key and another %s', (name, change) => {
    const custom = { ...PARTS, customKey: 'my key' };
    const same = cacheKey({ ...custom, ...change }) === cacheKey(custom);
    expect(same).toBe(!ALWAYS.has(name));
  });

  test('parts never run together: equal keys mean equal parts', () => {
    // An alphabet of what the framing itself is made of, so that a flaw would soon show.
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '👋', '1', ':', '0'), maxLength: 4 });
    const parts: fc.Arbitrary<CacheKeyParts> = fc.record({
      accountId: text,
      gatewayKey: text,
      credential: text,
      method: fc.constantFrom('GET', 'POST'),
      variant: text,
      provider: text,
      endpoint: text,
      model: text,
      body: fc.option(text.map((value) => Buffer.from(value))),
      customKey: fc.option(text),
    });
    const shifted = fc.tuple(parts, fc.nat(8), fc.nat(4)).map(([one, from, count]) => [one, shift(one, from, count)]);
    fc.assert(
      fc.property(fc.oneof(fc.tuple(parts, parts), shifted), ([a, b]) => {
        if (a === undefined || b === undefined) return;
        expect(cacheKey(a) === cacheKey(b)).toBe(essence(a) === essence(b));
      }),
      { numRuns: 2000 },
    );
  });
});

const TEXTS = ['accountId', 'gatewayKey', 'credential', 'variant', 'provider', 'endpoint', 'model'] as const;

/** The same text in all, cut elsewhere: the end of one part becomes the start of the next. */
function shift(parts: CacheKeyParts, from: number, count: number): CacheKeyParts {
  const name = TEXTS[from % (TEXTS.length - 1)] ?? 'accountId';
  const next = TEXTS[(from % (TEXTS.length - 1)) + 1] ?? 'model';
  const text = parts[name] ?? '';
  const cut = Math.max(0, text.length - count);
  return { ...parts, [name]: text.slice(0, cut), [next]: text.slice(cut) + (parts[next] ?? '') };
}

/** What must make a difference. */
function essence({ body, customKey, ...parts }: CacheKeyParts): string {
  const { accountId, gatewayKey, credential, method, variant, provider, endpoint, model } = parts;
  const always = [accountId, gatewayKey, credential, method, variant];
  return JSON.stringify(
    customKey === null
      ? [...always, provider, endpoint, model, body === null ? null : Buffer.from(body).toString()]
      : [...always, { customKey }],
  );
}
