import { dollarRate, type Exact } from './exact.ts';
import { createPriceBook, type PriceBook } from './price-book.ts';
import { type PriceOverride, RATE_NAMES, type RateName, type Rates, wireRateName } from './row.ts';

/** US dollars for one unit as decimal texts, by the wire's names of rates. */
export type DollarRates = Readonly<Record<string, string>>;

/** An account's own price, as it is configured. */
export interface OwnPrice {
  /** Another one after every change. */
  readonly version: string;
  readonly provider: string;
  readonly model: string;
  readonly rates: DollarRates;
  /** Rates that a tier does not name are those above. */
  readonly tiers: readonly { readonly above: number; readonly rates: DollarRates }[];
  /** Milliseconds since 1970; null: no bound. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** The price book of each account. */
export interface PriceBooks {
  of(accountId: string): PriceBook;
}

/**
 * Price books over accounts' own prices. `ownPrices` gives the same array until they change; a book is made anew only
 * then, so that a look-up costs two map look-ups.
 */
export function createPriceBooks(ownPrices: (accountId: string) => readonly OwnPrice[]): PriceBooks {
  const listOnly = createPriceBook();
  const books = new Map<string, { own: readonly OwnPrice[]; book: PriceBook }>();
  return {
    of(accountId) {
      const own = ownPrices(accountId);
      if (own.length === 0) return listOnly;
      const known = books.get(accountId);
      if (known?.own === own) return known.book;
      const book = createPriceBook({ overrides: own.map(overrideOf) });
      books.set(accountId, { own, book });
      return book;
    },
  };
}

function overrideOf({ rates, tiers, ...price }: OwnPrice): PriceOverride {
  const base = ratesOf(rates);
  return {
    ...price,
    rates: base,
    tiers: tiers.map((tier) => ({ above: tier.above, rates: { ...base, ...ratesOf(tier.rates) } })),
  };
}

const NAMES = new Map<string, RateName>(RATE_NAMES.map((name) => [wireRateName(name), name]));

function ratesOf(dollars: DollarRates): Rates {
  const known = Object.entries(dollars).flatMap(([wire, text]): [RateName, Exact][] => {
    const [name, rate] = [NAMES.get(wire), dollarRate(text)];
    return name === undefined || rate === null ? [] : [[name, rate]];
  });
  return Object.fromEntries(known);
}
