import { MAX_NAME_LENGTH, nameForms } from './names.ts';
import { builtInPrices, type ListedModel, listedModel, type PriceList, priceAt } from './price-list.ts';
import type { PriceOverride, PriceRow } from './row.ts';

/** Names kept with what they were found to mean; beyond that, the search starts anew. */
const MAX_REMEMBERED = 10_000;

/** Before every price; finite, so that two of them compare as equal. */
const EVER = Number.MIN_SAFE_INTEGER;

/** Prices as one account sees them: the list, and its own entries above it. Make another one when those change. */
export interface PriceBook {
  /**
   * The price of a model at a time, or null when it is not known: a model is never priced as another one.
   * `provider` is a slug, `model` any spelling: dated, `-latest`, with a region, a path or a routing variant.
   */
  findPrice(provider: string, model: string, atMs: number): PriceRow | null;
}

export interface PriceBookOptions {
  /** An account's own prices. One that holds at a time wins over the list; of several the latest start, then the last. */
  overrides?: readonly PriceOverride[];
  list?: PriceList;
}

/** What a name was found to mean. */
interface Meaning {
  /** Own prices by the name that they are for, closest name first; the winner first within each. */
  readonly own: readonly (readonly PriceRow[])[];
  readonly listed: ListedModel | null;
}

/** Makes a price book. The first search for a name takes microseconds, every further one two map lookups. */
export function createPriceBook({ overrides = [], list = builtInPrices() }: PriceBookOptions = {}): PriceBook {
  const own = groupOverrides(overrides);
  const remembered = new Map<string, Map<string, Meaning>>();
  let count = 0;

  function search(provider: string, model: string): Meaning {
    const prices = list.provider(provider);
    const forms = nameForms(model, prices?.prefixes ?? []);
    const listed = prices === null ? null : listedModel(prices, forms);
    const names = new Set(forms.filter((form) => form.snapshot).map((form) => form.name));
    if (listed !== null) names.add(listed.id.toLowerCase());
    const ownPrices = own.get(provider);
    return {
      own: [...names].flatMap((name) => [ownPrices?.get(name) ?? []]).filter((rows) => rows.length > 0),
      listed,
    };
  }

  function remember(provider: string, model: string): Meaning {
    if (count >= MAX_REMEMBERED) {
      remembered.clear();
      count = 0;
    }
    const meaning = search(provider, model);
    const ofProvider = remembered.get(provider) ?? new Map<string, Meaning>();
    remembered.set(provider, ofProvider.set(model, meaning));
    count += 1;
    return meaning;
  }

  return {
    findPrice(provider, model, atMs) {
      if (model.length > MAX_NAME_LENGTH) return null;
      const meaning = remembered.get(provider)?.get(model) ?? remember(provider, model);
      for (const rows of meaning.own) {
        const row = rows.find((row) => (row.fromMs ?? EVER) <= atMs && (row.untilMs === null || atMs < row.untilMs));
        if (row !== undefined) return row;
      }
      return meaning.listed === null ? null : priceAt(meaning.listed, atMs);
    },
  };
}

function groupOverrides(overrides: readonly PriceOverride[]): Map<string, Map<string, PriceRow[]>> {
  const groups = new Map<string, Map<string, PriceRow[]>>();
  for (const override of overrides) {
    const models = groups.get(override.provider) ?? new Map<string, PriceRow[]>();
    const name = override.model.trim().toLowerCase();
    const tiers = [...override.tiers].sort((a, b) => a.above - b.above);
    // In front, so that of equals the last one given wins: sorting is stable.
    models.set(name, [{ ...override, tiers, source: 'override' as const }, ...(models.get(name) ?? [])]);
    groups.set(override.provider, models);
  }
  for (const models of groups.values()) {
    for (const rows of models.values()) rows.sort((a, b) => (b.fromMs ?? EVER) - (a.fromMs ?? EVER));
  }
  return groups;
}
