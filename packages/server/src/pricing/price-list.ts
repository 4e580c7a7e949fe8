import { readFileSync } from 'node:fs';
import { type Exact, parseRate } from './exact.ts';
import type { NameForm } from './names.ts';
import type { PriceRow, RateName, Rates } from './row.ts';

/** `generated/prices.json`, made by `scripts/update-prices.ts`. Rates are pico-dollars for one unit, or `n/d` of them. */
export interface PriceListFile {
  /** Where the prices are from, and the day that release was published. */
  source: string;
  date: string;
  providers: Record<string, { prefixes: string[]; models: ModelEntry[] }>;
}

interface ModelEntry {
  id: string;
  names?: string[];
  /** The names are starts of names: stages (`-preview`) and short dates may follow. */
  open?: boolean;
  /** The last that holds at a time counts. */
  prices: PriceEntry[];
}

interface PriceEntry {
  /** ISO 8601. */
  from?: string;
  /** `HH:MM-HH:MM` in UTC, end excluded, within one day. */
  daily?: string[];
  /** In UTC, 0 is Sunday. */
  weekdays?: number[];
  rates: RateEntry;
  tiers?: { above: number; rates: RateEntry }[];
}

type RateEntry = Partial<Record<RateName, number | string>>;

/** A price and when it holds. */
interface Period {
  readonly row: PriceRow;
  readonly hours: readonly [startMinute: number, endMinute: number][] | null;
  readonly weekdays: readonly number[] | null;
}

/** A model of the list: its prices over time. */
export interface ListedModel {
  readonly id: string;
  readonly open: boolean;
  readonly periods: readonly Period[];
}

interface ProviderList {
  readonly prefixes: readonly string[];
  readonly models: ReadonlyMap<string, ListedModel>;
}

export interface PriceList {
  provider(slug: string): ProviderList | null;
}

/** Reads a price list; the rows of a provider when it is first asked for. */
export function readPriceList(text: string): PriceList {
  const file = JSON.parse(text) as PriceListFile;
  const read = new Map<string, ProviderList>();
  return {
    provider(slug) {
      const known = read.get(slug);
      if (known !== undefined || !Object.hasOwn(file.providers, slug)) return known ?? null;
      const { prefixes = [], models = [] } = file.providers[slug] ?? {};
      const made = { prefixes, models: byName(slug, models, file.date) };
      read.set(slug, made);
      return made;
    },
  };
}

let builtIn: PriceList | null = null;

/** The list that comes with Headgate, read when it is first needed. */
export function builtInPrices(): PriceList {
  builtIn ??= readPriceList(readFileSync(new URL('./generated/prices.json', import.meta.url), 'utf8'));
  return builtIn;
}

function byName(provider: string, entries: ModelEntry[], version: string): ReadonlyMap<string, ListedModel> {
  return new Map(
    entries.flatMap(({ id, names = [], open = false, prices }) => {
      const model: ListedModel = {
        id,
        open,
        periods: prices.map((price) => periodOf(price, { provider, model: id, version })),
      };
      return [id.toLowerCase(), ...names].map((name) => [name, model] as const);
    }),
  );
}

function periodOf(
  { from, daily, weekdays, rates, tiers = [] }: PriceEntry,
  { provider, model, version }: Pick<PriceRow, 'provider' | 'model' | 'version'>,
): Period {
  return {
    row: {
      provider,
      model,
      source: 'list',
      version,
      rates: readRates(rates),
      tiers: tiers.map((tier) => ({ above: tier.above, rates: readRates(tier.rates) })),
      fromMs: from === undefined ? null : Date.parse(from),
      untilMs: null,
    },
    hours: daily?.map(readHours) ?? null,
    weekdays: weekdays ?? null,
  };
}

function readRates(entry: RateEntry): Rates {
  return Object.fromEntries(Object.entries(entry).map(([name, rate]): [string, Exact] => [name, parseRate(rate)]));
}

function readHours(text: string): [number, number] {
  const [start = Number.NaN, end = Number.NaN] = text.split('-').map((time) => {
    const [hours = Number.NaN, minutes = Number.NaN] = time.split(':').map(Number);
    return hours * 60 + minutes;
  });
  if (!(start < end)) throw new Error(`not hours within a day: ${text}`);
  return [start, end];
}

/** The first form of a name that the list knows: snapshots of any model, stages of those whose names are open. */
export function listedModel(list: ProviderList, forms: readonly NameForm[]): ListedModel | null {
  for (const { name, snapshot } of forms) {
    const model = list.models.get(name);
    if (model !== undefined && (snapshot || model.open)) return model;
  }
  return null;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** The price of a listed model at a time: the last of its periods that holds. */
export function priceAt(model: ListedModel, atMs: number): PriceRow | null {
  return model.periods.findLast((period) => holds(period, atMs))?.row ?? null;
}

function holds({ row, hours, weekdays }: Period, atMs: number): boolean {
  if (row.fromMs !== null && atMs < row.fromMs) return false;
  if (weekdays !== null && !weekdays.includes(new Date(atMs).getUTCDay())) return false;
  if (hours === null) return true;
  const minute = Math.floor(atMs / MINUTE_MS) % DAY_MINUTES;
  return hours.some(([start, end]) => minute >= start && minute < end);
}
