import { dollarRate, type Exact, parseRate } from './exact.ts';
import type { PriceRow, RateName, Rates } from './row.ts';
import table from './service-tiers.json' with { type: 'json' };

/**
 * Prices of service tiers: `service-tiers.json` has those that providers publish. Names are as answers write them, in
 * lower case; Vertex AI writes `on_demand_flex` for `flex`.
 */

/** Dollars for a million tokens, as text. */
type Dollars = Partial<Record<RateName, string>>;

interface TierPrice {
  usd: Dollars;
  /** ISO 8601: from when on it holds; absent: always. */
  from?: string;
  /** Long prompts. Where the model has some at the standard rate and none here, they are not sold in the tier. */
  tiers?: { above: number; usd: Dollars }[];
}

const STANDARD = new Set(table.standard);
const SHARES = new Map(
  table.shares.flatMap(({ providers, tiers, times }) =>
    providers.flatMap((provider) => tiers.map((tier) => [`${provider} ${tier}`, parseRate(times)] as const)),
  ),
);
const PRICES = new Map(
  table.prices.flatMap(({ provider, tier, models }) =>
    Object.entries(models as Record<string, TierPrice>).map(
      ([model, price]) => [`${provider} ${tier} ${model}`, price] as const,
    ),
  ),
);

/** Not tokens: a tier changes no price of these. */
const COUNTED_APART: ReadonlySet<string> = new Set<RateName>(['request', 'webSearch', 'searchUnit', 'second', 'image']);

/** Rows of other tiers are made once. */
const made = new WeakMap<PriceRow, Map<string, PriceRow | null>>();

/**
 * The price of a model in the tier that the answer names (null: it names none), or null when the provider publishes
 * none. An account's own price holds for every tier.
 */
export function priceInTier(row: PriceRow, tier: string | null, atMs: number): PriceRow | null {
  if (tier === null || row.source === 'override') return row;
  const name = tier.replace(/^(?:on_demand|service_tier)_(?=.)/, '');
  if (STANDARD.has(tier) || STANDARD.has(name)) return row;
  const price = PRICES.get(`${row.provider} ${name} ${row.model}`);
  if (price?.from !== undefined && atMs < Date.parse(price.from)) return null;
  const known = made.get(row) ?? new Map<string, PriceRow | null>();
  made.set(row, known);
  const before = known.get(name);
  if (before !== undefined) return before;
  const share = SHARES.get(`${row.provider} ${name}`);
  const inTier = price !== undefined ? atPrice(row, price) : share !== undefined ? atShare(row, share) : null;
  // Answers name few tiers; the bound is for a provider that makes them up.
  if (known.size < 16) known.set(name, inTier);
  return inTier;
}

function atShare(row: PriceRow, share: Exact): PriceRow {
  const scaled = (rates: Rates): Rates =>
    mapTokens(rates, ({ top, bottom }) => ({ top: top * share.top, bottom: bottom * share.bottom }));
  return {
    ...row,
    rates: scaled(row.rates),
    tiers: row.tiers.map(({ above, rates }) => ({ above, rates: scaled(rates) })),
  };
}

function atPrice(row: PriceRow, { usd, tiers = [] }: TierPrice): PriceRow {
  const own = (rates: Rates, dollars: Dollars): Rates => ({
    ...mapTokens(rates, () => undefined),
    ...ratesOf(dollars),
  });
  return {
    ...row,
    rates: own(row.rates, usd),
    tiers: row.tiers.map(({ above }) => {
      const long = tiers.find((tier) => tier.above === above);
      return { above, rates: long === undefined ? {} : own(row.rates, long.usd) };
    }),
  };
}

function mapTokens(rates: Rates, change: (rate: Exact) => Exact | undefined): Rates {
  const entries = Object.entries(rates).map(([name, rate]) => [name, COUNTED_APART.has(name) ? rate : change(rate)]);
  return Object.fromEntries(entries.filter(([, rate]) => rate !== undefined)) as Rates;
}

function ratesOf(dollars: Dollars): Rates {
  return Object.fromEntries(
    Object.entries(dollars).map(([name, text]) => [name, dollarRate(text, 1_000_000) ?? { top: 0n, bottom: 1n }]),
  );
}
