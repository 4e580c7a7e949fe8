import { describe, expect, test } from 'bun:test';
import { costOf } from './cost.ts';
import { emptyUsage } from '../formats/index.ts';
import { createPriceBook } from './price-book.ts';
import { priceInTier } from './service-tiers.ts';
import table from './service-tiers.json' with { type: 'json' };

const NOW = Date.parse('2026-11-20T12:00:00Z');
const book = createPriceBook();

/** Dollars for a million tokens of fresh input, of cached input and of output; null where the tier has no price. */
function rates(provider: string, model: string, tier: string | null, atMs = NOW): (number | undefined)[] | null {
  const row = book.findPrice(provider, model, atMs);
  const price = row === null ? null : priceInTier(row, tier, atMs);
  if (price === null) return null;
  return (['input', 'cacheRead', 'output'] as const).map((name) => {
    const rate = price.rates[name];
    return rate === undefined ? undefined : Number(rate.top) / Number(rate.bottom) / 1e6;
  });
}

describe('a tier has the price that its provider publishes', () => {
  const cases: [provider: string, model: string, tier: string | null, rates: (number | undefined)[] | null][] = [
    ['openai', 'gpt-5', null, [1.25, 0.125, 10]],
    ['openai', 'gpt-5', 'default', [1.25, 0.125, 10]],
    ['openai', 'gpt-5', 'auto', [1.25, 0.125, 10]],
    ['openai', 'gpt-5', 'flex', [0.625, 0.0625, 5]],
    ['openai', 'gpt-5', 'batch', [0.625, 0.0625, 5]],
    ['openai', 'gpt-5-2025-08-07', 'priority', [2.5, 0.25, 20]],
    ['openai', 'gpt-4o-mini', 'priority', [0.25, 0.125, 1]],
    ['openai', 'gpt-4o-2024-05-13', 'priority', [8.75, undefined, 26.25]],
    ['openai', 'gpt-5-pro', 'priority', null],
    ['openai', 'gpt-5', 'scale', null],
    ['anthropic', 'claude-sonnet-4-5', 'standard', [3, 0.3, 15]],
    ['anthropic', 'claude-sonnet-4-5', 'batch', [1.5, 0.15, 7.5]],
    ['anthropic', 'claude-sonnet-4-5', 'priority', null],
    ['google-ai-studio', 'gemini-2.5-pro', 'flex', [0.625, 0.0625, 5]],
    ['google-ai-studio', 'gemini-2.5-pro', 'service_tier_priority', [2.25, 0.225, 18]],
    ['google-vertex-ai', 'gemini-2.5-pro', 'on_demand', [1.25, 0.125, 10]],
    ['google-vertex-ai', 'gemini-2.5-pro', 'on_demand_flex', [0.625, 0.0625, 5]],
    ['google-vertex-ai', 'gemini-2.5-pro', 'on_demand_priority', null],
    ['google-vertex-ai', 'gemini-2.5-pro', 'provisioned_throughput', null],
    ['groq', 'llama-3.3-70b-versatile', 'on_demand', [0.59, undefined, 0.79]],
    ['groq', 'llama-3.3-70b-versatile', 'flex', [0.59, undefined, 0.79]],
    ['groq', 'llama-3.3-70b-versatile', 'performance', null],
    ['openrouter', 'openai/gpt-4o', 'flex', null],
  ];
  for (const [provider, model, tier, expected] of cases) {
    test(`${provider} ${model} ${tier}`, () => expect(rates(provider, model, tier)).toEqual(expected));
  }
});

test('a price of a tier that began later says nothing of the time before', () => {
  expect(rates('openai', 'gpt-5.6-sol', 'priority')).toEqual([8, 0.8, 40]);
  expect(rates('openai', 'gpt-5.6-sol', 'priority', Date.parse('2026-08-20T23:59:59Z'))).toBeNull();
});

test('a long prompt has its own price in the tier, or none where the tier does not take it', () => {
  const cost = (model: string) => {
    const row = book.findPrice('openai', model, NOW);
    const price = row && priceInTier(row, 'priority', NOW);
    return price && costOf({ ...emptyUsage(), input: 300_000, inputFull: 300_000, output: 0 }, price)?.totalPico;
  };
  expect(cost('gpt-6-sol')).toBe(300_000n * 8_000_000n);
  expect(cost('gpt-5.5') ?? null).toBeNull();
});

test('what is not counted in tokens costs the same in every tier', () => {
  const row = book.findPrice('anthropic', 'claude-sonnet-4-5', NOW);
  const search = row?.rates.webSearch;
  expect(search).toBeDefined();
  expect(row && priceInTier(row, 'batch', NOW)?.rates.webSearch).toEqual(search as NonNullable<typeof search>);
});

test("an account's own price holds for every tier", () => {
  const rate = { top: 7n, bottom: 1n };
  const price = { provider: 'openai', model: 'gpt-5', version: '1', rates: { input: rate }, tiers: [] };
  const own = createPriceBook({ overrides: [{ ...price, fromMs: null, untilMs: null }] });
  const row = own.findPrice('openai', 'gpt-5', NOW);
  for (const tier of ['flex', 'priority', 'unheard of']) expect(row && priceInTier(row, tier, NOW)).toBe(row);
});

describe('the table', () => {
  test('is dated, and says where each price is from', () => {
    expect(table.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    for (const { source } of [...table.shares, ...table.prices]) expect(source.length).toBeGreaterThan(20);
  });
  for (const { provider, tier, models } of table.prices) {
    for (const model of Object.keys(models)) {
      test(`${provider} ${model}: ${tier} is up to three times the standard price, for each kind of token`, () => {
        const row = book.findPrice(provider, model, NOW);
        expect(row?.model).toBe(model);
        const tokens = ([name]: [string, unknown]) => name !== 'webSearch';
        const dear = Object.entries((row && priceInTier(row, tier, NOW)?.rates) ?? {}).filter(tokens);
        expect(dear.map(([name]) => name).sort()).toEqual(
          Object.keys(row?.rates ?? {})
            .filter((name) => name !== 'webSearch')
            .sort(),
        );
        for (const [name, { top, bottom }] of dear) {
          const times = Number(top) / Number(bottom) / Number(row?.rates[name as 'input']?.top);
          expect([name, times > 1 && times <= 3]).toEqual([name, true]);
        }
      });
    }
  }
});
