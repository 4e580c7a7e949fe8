import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { calcPrice, type MatchLogic, waitForUpdate } from '@pydantic/genai-prices';
import { makePriceList } from '../../../../scripts/update-prices.ts';
import { PROVIDERS } from '../providers/index.ts';
import corrections from './corrections.json' with { type: 'json' };
import { type Exact, parseRate } from './exact.ts';
import { createPriceBook } from './price-book.ts';
import { type PriceListFile, readPriceList } from './price-list.ts';
import { RATE_NAMES, type RateName } from './row.ts';

const text = readFileSync(new URL('./generated/prices.json', import.meta.url), 'utf8');
const file = JSON.parse(text) as PriceListFile;
const models = Object.entries(file.providers).flatMap(([provider, { models }]) =>
  models.map((model) => ({ provider, model })),
);
const allRates = models.flatMap(({ provider, model }) =>
  model.prices.flatMap(({ rates, tiers = [] }) =>
    [rates, ...tiers.map((tier) => tier.rates)].map((entry) => ({ what: `${provider} ${model.id}`, rates: entry })),
  ),
);

/** Names of what breaks a rule. */
function breaches(holds: (rate: (name: RateName) => Exact | null, what: string) => boolean): string[] {
  return allRates
    .filter(({ what, rates }) => !holds((name) => (rates[name] === undefined ? null : parseRate(rates[name])), what))
    .map(({ what }) => what);
}

const atMost = (a: Exact | null, b: Exact | null) => a === null || b === null || a.top * b.bottom <= b.top * a.bottom;
const THOUSAND_DOLLARS_A_MILLION: Exact = { top: 1_000_000_000n, bottom: 1n };
const A_DOLLAR: Exact = { top: 10n ** 12n, bottom: 1n };
const COUNTED_APART = new Set<RateName>(['request', 'webSearch', 'searchUnit', 'second', 'image']);

describe('the committed list', () => {
  test('is what its script makes of the installed data', async () =>
    expect(text === (await makePriceList())).toBe(true));

  test('says where it is from, and of which day', () => {
    expect(file.source).toMatch(/^@pydantic\/genai-prices \d+\.\d+\.\d+$/);
    expect(file.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  test('has prices for known providers only, and for each of those that sell by the token', () => {
    const priced = Object.keys(file.providers);
    const known = PROVIDERS.map(({ slug }) => slug);
    // Together AI has no row of its own yet.
    expect(priced.filter((slug) => !known.includes(slug))).toEqual(['together']);
    const unpriced = [
      'adobe-firefly',
      'cartesia',
      'deepgram',
      'elevenlabs',
      'fal',
      'ideogram',
      'parallel',
      'replicate',
      'sandbox',
    ];
    expect(known.filter((slug) => !priced.includes(slug)).sort()).toEqual(unpriced);
  });

  test('names every model once, in lower case', () => {
    for (const { models } of Object.values(file.providers)) {
      const names = models.flatMap(({ id, names = [] }) => [
        id.toLowerCase(),
        ...names.filter((name) => name !== id.toLowerCase()),
      ]);
      expect(names.filter((name, at) => names.indexOf(name) !== at || name !== name.toLowerCase())).toEqual([]);
    }
  });

  test('can be read throughout, its periods in order', () => {
    const list = readPriceList(text);
    for (const [slug, { models }] of Object.entries(file.providers)) {
      for (const { id } of models) {
        const periods = list.provider(slug)?.models.get(id.toLowerCase())?.periods ?? [];
        const starts = periods.map(({ row }) => row.fromMs ?? 0);
        expect(periods.length).toBeGreaterThan(0);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }
    }
  });
});

describe('no price is absurd', () => {
  test('all rates are ones that a bill knows', () => {
    const known = new Set<string>(RATE_NAMES);
    expect(allRates.filter(({ rates }) => Object.keys(rates).some((name) => !known.has(name)))).toEqual([]);
  });

  test('no token costs more than $1000 a million, nothing else more than a dollar', () => {
    const limit = (name: RateName) => (COUNTED_APART.has(name) ? A_DOLLAR : THOUSAND_DOLLARS_A_MILLION);
    expect(breaches((rate) => RATE_NAMES.every((name) => atMost(rate(name), limit(name))))).toEqual([]);
  });

  test('reading from a cache costs no more than fresh input', () => {
    expect(breaches((rate) => atMost(rate('cacheRead'), rate('input')))).toEqual([]);
    expect(breaches((rate) => atMost(rate('audioCacheRead'), rate('audioInput')))).toEqual([]);
  });

  test("Claude's cache costs 1.25 times the input for five minutes and twice for an hour", () => {
    const times = (factor: bigint, percent: Exact | null, input: Exact | null) =>
      percent === null || input === null || percent.top * 100n * input.bottom === factor * input.top * percent.bottom;
    // The first Haiku's price was rounded by its maker.
    const rounded = breaches(
      (rate, what) => !what.includes('claude') || times(125n, rate('cacheWrite'), rate('input')),
    );
    expect(rounded).toEqual(['anthropic claude-3-haiku', 'azure claude-3-haiku', 'google-vertex-ai claude-3-haiku']);
    expect(
      breaches((rate, what) => !what.includes('claude') || times(200n, rate('cacheWrite1h'), rate('input'))),
    ).toEqual([]);
    expect(
      breaches(
        (rate, what) => !what.includes('claude') || (rate('cacheWrite') === null) === (rate('cacheWrite1h') === null),
      ),
    ).toEqual([]);
  });

  test('a long prompt is never cheaper', () => {
    const cheaper = models.filter(({ model }) =>
      model.prices.some(({ rates, tiers = [] }) =>
        tiers.some((tier) =>
          RATE_NAMES.some((name) => !atMost(parseRate(rates[name] ?? 0), parseRate(tier.rates[name] ?? 0))),
        ),
      ),
    );
    expect(cheaper).toEqual([]);
  });
});

test('a name means what it means to the makers of the data, wherever both know it', async () => {
  const book = createPriceBook();
  const corrected = new Set(corrections.flatMap(({ id, names = [] }) => [id, ...names]));
  const at = new Date('2026-11-20T12:00:00Z');
  const slugs = {
    openai: 'openai',
    anthropic: 'anthropic',
    aws: 'aws-bedrock',
    cloudflare: 'workers-ai',
    cohere: 'cohere',
    fireworks: 'fireworks',
    google: 'google-ai-studio',
    groq: 'groq',
    mistral: 'mistral',
    openrouter: 'openrouter',
    together: 'together',
    'x-ai': 'grok',
  };
  const dollars = (price: unknown): number =>
    typeof price === 'object' && price !== null && 'base' in price ? Number(price.base) : Number(price ?? 0);
  const differing: string[] = [];
  let compared = 0;
  for (const provider of (await waitForUpdate()) ?? []) {
    const slug = slugs[provider.id as keyof typeof slugs];
    for (const name of slug === undefined
      ? []
      : provider.models.flatMap(({ id, match }) => [id, ...exactNames(match)])) {
      const theirs = calcPrice({ input_tokens: 1, output_tokens: 1 }, name, {
        providerId: provider.id,
        timestamp: at,
      })?.model_price;
      const ours = book.findPrice(slug, name, at.getTime());
      if (!theirs || ours === null || corrected.has(name)) continue;
      compared += 1;
      const same = (['input', 'output'] as const).every(
        (rate) => Number(ours.rates[rate]?.top ?? 0) === Math.round(dollars(theirs[`${rate}_mtok`]) * 1e6),
      );
      if (!same) differing.push(`${slug} ${name}`);
    }
  }
  expect(differing).toEqual([]);
  expect(compared).toBeGreaterThan(1500);
});

function exactNames(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(exactNames);
  return 'equals' in match ? [match.equals] : [];
}
