import { describe, expect, test } from 'bun:test';
import { dollarRate } from './exact.ts';
import { createPriceBook } from './price-book.ts';
import type { PriceOverride, Rates } from './row.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const book = createPriceBook();

describe('a model is found by any of its spellings', () => {
  const cases: [provider: string, spelling: string, model: string][] = [
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o'],
    ['openai', 'gpt-4o-2024-05-13', 'gpt-4o-2024-05-13'],
    ['openai', 'GPT-4o ', 'gpt-4o'],
    ['openai', 'gpt-5.6-sol-2026-06-01', 'gpt-5.6-sol'],
    ['openai', 'o3-2025-04-16', 'o3'],
    ['openai', 'gpt-4o-realtime-preview-2024-12-17', 'gpt-4o-realtime-preview'],
    ['openai', 'ft:gpt-4o-2024-08-06:org::id', 'ft:gpt-4o'],
    ['openai', 'ft:gpt-3.5-turbo-0125:org::id', 'ft:gpt-3.5-turbo'],
    ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-20250514', 'claude-sonnet-4-0'],
    ['anthropic', 'claude-3-7-sonnet-20250219', 'claude-3-7-sonnet-latest'],
    ['anthropic', 'claude-opus-5-5-20260901', 'claude-opus-5-5'],
    ['aws-bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['aws-bedrock', 'eu.anthropic.claude-opus-4-8', 'anthropic.claude-opus-4-8-v1:0'],
    ['aws-bedrock', 'global.anthropic.claude-opus-4-8', 'global.anthropic.claude-opus-4-8-v1:0'],
    ['aws-bedrock', 'us.amazon.nova-2-lite-v1:0', 'amazon.nova-2-lite-v1:0'],
    ['aws-bedrock', 'claude-opus-4-8', 'anthropic.claude-opus-4-8-v1:0'],
    ['aws-bedrock', 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0', 'amazon.nova-pro-v1:0'],
    ['google-ai-studio', 'models/gemini-2.5-pro-preview-05-06', 'gemini-2.5-pro'],
    ['google-ai-studio', 'gemini-2.5-flash-preview-05-20', 'gemini-2.5-flash-preview'],
    ['google-ai-studio', 'gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['google-vertex-ai', 'google/gemini-2.5-pro', 'gemini-2.5-pro'],
    [
      'google-vertex-ai',
      'projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4@20250514',
      'claude-4-sonnet',
    ],
    ['azure-openai', 'gpt-35-turbo', 'gpt-3.5-turbo'],
    ['azure', 'claude-opus-4-5', 'claude-opus-4-5'],
    ['openrouter', 'anthropic/claude-sonnet-4.5:nitro', 'anthropic/claude-sonnet-4.5'],
    ['openrouter', 'openai/gpt-oss-120b:free', 'openai/gpt-oss-120b:free'],
    ['workers-ai', '@cf/meta/llama-3.1-8b-instruct', '@cf/meta/llama-3.1-8b-instruct'],
    ['fireworks', 'accounts/fireworks/models/kimi-k2p5', 'kimi-k2p5'],
    ['huggingface', 'openai/gpt-oss-20b:groq', 'openai/gpt-oss-20b:groq'],
    ['mistral', 'magistral-medium-2509', 'magistral-medium'],
    ['grok', 'grok-4-latest', 'grok-4-0709'],
  ];
  for (const [provider, spelling, model] of cases) {
    test(`${provider} ${spelling}`, () => {
      expect(book.findPrice(provider, spelling, NOW)).toMatchObject({ provider, model, source: 'list' });
    });
  }
});

describe('what is not known has no price, and never that of a relative', () => {
  const cases: [provider: string, model: string][] = [
    ['anthropic', 'claude-sonnet-4-7'],
    ['anthropic', 'claude-opus-4-9-20270101'],
    ['anthropic', 'claude-opus-5-6'],
    ['anthropic', 'claude-haiku-4-55'],
    ['openai', 'gpt-4o-nano'],
    ['openai', 'gpt-7'],
    ['openai', 'gpt-oss-120b'],
    ['openai', 'ft:gpt-4.1-2025-04-14:org::id'],
    ['openai', 'constructor'],
    ['google-ai-studio', 'gemini-3.6-flash-lite'],
    ['google-ai-studio', 'gemini-2.5-pro-ultra'],
    ['google-ai-studio', 'claude-sonnet-4-5'],
    ['google-vertex-ai', 'gemma-3-27b-it'],
    ['aws-bedrock', 'amazon.nova-lite-v2:0'],
    ['aws-bedrock', 'global.amazon.nova-pro-v1:0'],
    ['aws-bedrock', 'arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123'],
    ['azure-openai', 'my-deployment'],
    ['openrouter', 'openai/gpt-4o:free'],
    ['openrouter', 'somebody/gpt-4o'],
    ['huggingface', 'openai/gpt-oss-20b'],
    ['mistral', 'mistral-large-2701'],
    ['custom-mine', 'gpt-4o'],
    ['constructor', 'gpt-4o'],
    ['openai', ''],
    ['openai', `gpt-4o${'-2024-08-06'.repeat(50)}`],
  ];
  for (const [provider, model] of cases) {
    test(`${provider} ${model.slice(0, 60)}`, () => expect(book.findPrice(provider, model, NOW)).toBeNull());
  }
});

test('the price is the one of the time that is asked for', () => {
  const input = (at: string) => book.findPrice('openai', 'o3', Date.parse(at))?.rates.input?.top;
  expect([input('2025-06-09T23:59:59.999Z'), input('2025-06-10T00:00:00Z')]).toEqual([10_000_000n, 2_000_000n]);
});

test('hours begin with their first minute and end before their last', () => {
  const input = (at: string) => Number(book.findPrice('deepseek', 'deepseek-flash', Date.parse(at))?.rates.input?.top);
  const times = ['00:59:59.999', '01:00:00', '03:59:59.999', '04:00:00', '06:00:00', '09:59:59.999', '10:00:00'];
  const [off, on] = [150_000, 300_000];
  expect(times.map((time) => input(`2026-11-20T${time}Z`))).toEqual([off, on, on, off, on, on, off]);
  expect(times.map((time) => input(`2026-11-22T${time}Z`))).toEqual([off, off, off, off, off, off, off]);
});

test('a name keeps its meaning however many others are asked for', () => {
  const small = createPriceBook();
  for (let i = 0; i < 10_500; i += 1) small.findPrice('openai', `unknown-${i}`, NOW);
  expect(small.findPrice('openai', 'gpt-4o', NOW)?.model).toBe('gpt-4o');
});

describe("an account's own prices", () => {
  const JUNE = Date.parse('2026-06-01T00:00:00Z');
  const JULY = Date.parse('2026-07-01T00:00:00Z');
  const rates = (dollars: string): Rates => ({ input: dollarRate(dollars, 1_000_000) ?? { top: 0n, bottom: 1n } });
  const own = (model: string, dollars: string, more: Partial<PriceOverride> = {}): PriceOverride => ({
    provider: 'openai',
    model,
    rates: rates(dollars),
    tiers: [],
    version: '1',
    fromMs: null,
    untilMs: null,
    ...more,
  });
  /** Dollars for a million input tokens. */
  const priceOf = (overrides: PriceOverride[], model = 'gpt-4o', atMs = JUNE) => {
    const row = createPriceBook({ overrides }).findPrice(overrides[0]?.provider ?? 'openai', model, atMs);
    return row === null ? null : `${row.source} ${Number(row.rates.input?.top) / 1e6}`;
  };

  test('go before the list', () => expect(priceOf([own('gpt-4o', '1')])).toBe('override 1'));
  test('leave other models alone', () => expect(priceOf([own('gpt-4o-mini', '1')])).toBe('list 2.5'));
  test('leave other providers alone', () => {
    expect(createPriceBook({ overrides: [own('gpt-4o', '1')] }).findPrice('azure-openai', 'gpt-4o', JUNE)?.source).toBe(
      'list',
    );
  });
  test('hold for dated names of the model', () =>
    expect(priceOf([own('gpt-4o', '1')], 'gpt-4o-2024-08-06')).toBe('override 1'));
  test('hold for every name that the list has for it', () => {
    expect(priceOf([own('claude-sonnet-4-5', '1', { provider: 'anthropic' })], 'claude-sonnet-4.5')).toBe('override 1');
  });
  test('of a dated name go before those of the model', () => {
    expect(priceOf([own('gpt-4o-2024-08-06', '1'), own('gpt-4o', '2')], 'gpt-4o-2024-08-06')).toBe('override 1');
    expect(priceOf([own('gpt-4o-2024-08-06', '1'), own('gpt-4o', '2')], 'gpt-4o-2024-11-20')).toBe('override 2');
  });
  test('of a dated name leave the model alone', () =>
    expect(priceOf([own('gpt-4o-2024-08-06', '1')])).toBe('list 2.5'));
  test('hold from their start to before their end', () => {
    const overrides = [own('gpt-4o', '1', { fromMs: JUNE, untilMs: JULY })];
    const at = (atMs: number) => priceOf(overrides, 'gpt-4o', atMs);
    expect([at(JUNE - 1), at(JUNE), at(JULY - 1), at(JULY)]).toEqual([
      'list 2.5',
      'override 1',
      'override 1',
      'list 2.5',
    ]);
  });
  test('of several the latest start wins, of equals the last', () => {
    const open = own('gpt-4o', '1');
    const june = own('gpt-4o', '2', { fromMs: JUNE });
    expect(priceOf([june, open], 'gpt-4o', JULY)).toBe('override 2');
    expect(priceOf([open, june], 'gpt-4o', JUNE - 1)).toBe('override 1');
    expect(priceOf([own('gpt-4o', '3'), own('gpt-4o', '4'), own('gpt-4o', '5')])).toBe('override 5');
    expect(priceOf([june, own('gpt-4o', '6', { fromMs: JUNE })])).toBe('override 6');
  });
  test('give prices to unknown models and providers', () => {
    expect(priceOf([own('in-house', '1')], 'in-house')).toBe('override 1');
    expect(priceOf([own('Llama', '1', { provider: 'custom-mine' })], 'llama')).toBe('override 1');
  });
  test('stay with the book that they were given to', () => {
    createPriceBook({ overrides: [own('gpt-4o', '1')] }).findPrice('openai', 'gpt-4o', JUNE);
    expect(createPriceBook().findPrice('openai', 'gpt-4o', JUNE)?.source).toBe('list');
  });
});
