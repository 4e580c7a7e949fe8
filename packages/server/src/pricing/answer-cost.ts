import { anthropicUsage, type Reading, type Usage } from '../formats/index.ts';
import { type CostBreakdown, costOf } from './cost.ts';
import { type CustomCost, customCostOf } from './custom-cost.ts';
import type { PriceBook } from './price-book.ts';
import type { PriceRow } from './row.ts';
import { priceInTier } from './service-tiers.ts';

/** What a provider bills: a run of a model. */
export interface BilledRun {
  /** Null: the model that answered. */
  model: string | null;
  usage: Usage;
}

/** All that the price of an answer depends on; a log row keeps it, so that the cost can be worked out again. */
export interface Billable {
  /** Slug of the provider that answered. */
  provider: string;
  /** The model that was asked for, or null. Prices the call when the answer names none. */
  modelAsked: string | null;
  /** The model that the answer names, or null. */
  model: string | null;
  usage: Usage | null;
  /** What is billed, where that is not `usage` on `model`: the answer's own run first. */
  billedRuns: readonly BilledRun[] | null;
  /** As the answer names it, in lower case; null: it names none. */
  serviceTier: string | null;
  atMs: number;
}

export interface AnswerInput extends Pick<Billable, 'provider' | 'modelAsked' | 'atMs'> {
  reading: Reading;
  /** The client's own prices, which go before the list. */
  custom: CustomCost | null;
}

/** A cost, and which price it was worked out by. */
export interface Bill extends CostBreakdown {
  source: PriceRow['source'] | 'custom';
  /** Null for the client's own prices. */
  version: string | null;
}

/** The bill as a log row keeps it. */
export function logBill({ source, version, components }: Bill) {
  const lines = components.map(({ component, units, unitPricePico }) => ({
    component,
    units,
    unitPrice: unitPricePico,
  }));
  return { source, version, lines };
}

/** Beyond this, more than nine million dollars, a log row can't hold a cost. */
export const MAX_COST_PICO = 2n ** 63n - 1n;

/** What a reading says of its price. */
export type BillableReading = Pick<Billable, 'model' | 'usage' | 'billedRuns' | 'serviceTier'>;

/**
 * What an answer costs, or null when that is not known: no usage, no model, no price for it, or more than a row can hold.
 * @param billable what `billableIn` says of the reading, for those who have it already.
 */
export function costOfAnswer(
  book: PriceBook,
  { reading, custom, ...call }: AnswerInput,
  billable: BillableReading = billableIn(reading),
): Bill | null {
  if (custom === null) return costOfBillable(book, { ...call, ...billable });
  const cost = customCostOf(reading.usage, custom);
  return cost === null ? null : within({ ...cost, source: 'custom', version: null });
}

/** The same, from what a log row keeps. The bill names the price of the model that answered. */
export function costOfBillable(book: PriceBook, input: Billable): Bill | null {
  const { provider, atMs, serviceTier, usage, billedRuns } = input;
  // Nearly always: one run, of the model that answered.
  if (billedRuns === null) return billOfRun(priceOfAnswer(book, input), usage);
  const [own, ...hidden] = billedRuns;
  const price = priceOfAnswer(book, own === undefined || own.model === null ? input : { ...input, model: own.model });
  const main = own?.usage ?? usage;
  const cost = price === null || main === null ? null : costOf(withHiddenOutput(main), price);
  if (price === null || cost === null) return null;
  const further = hidden.map((run) => {
    const row = run.model === null ? price : inTier(book.findPrice(provider, run.model, atMs), serviceTier, atMs);
    return row === null ? null : costOf(run.usage, row);
  });
  const all = sum([cost, ...further.filter((one) => one !== null)]);
  return within({ ...all, source: price.source, version: price.version });
}

function billOfRun(price: PriceRow | null, usage: Usage | null): Bill | null {
  const cost = price === null || usage === null ? null : costOf(withHiddenOutput(usage), price);
  return price === null || cost === null ? null : within({ ...cost, source: price.source, version: price.version });
}

function within(bill: Bill): Bill | null {
  return bill.totalPico > MAX_COST_PICO ? null : bill;
}

/** What a reading says of its price. Takes from it what the provider bills, where its main counters say something else. */
export function billableIn(reading: Reading): BillableReading {
  const { model, usage, extra } = reading;
  const serviceTier = typeof extra.service_tier === 'string' ? extra.service_tier : null;
  if (extra.billed_units === undefined && extra.iterations === undefined) {
    return { model, usage, billedRuns: null, serviceTier };
  }
  const main = billedUnits(reading);
  const hidden = hiddenRuns(reading);
  const tookOver = servingModel(reading);
  const served = tookOver === model ? null : tookOver;
  const differs = main !== null && (main !== usage || hidden.length > 0 || served !== null);
  return {
    model,
    usage,
    billedRuns: differs ? [{ model: served, usage: main }, ...hidden] : null,
    serviceTier,
  };
}

/** The price of the model that answered. What was asked for counts where it is the same name with a variant, or the only one. */
function priceOfAnswer(book: PriceBook, input: Billable): PriceRow | null {
  const { provider, modelAsked, model: answered, atMs, serviceTier } = input;
  const find = (model: string | null) =>
    model === null ? null : inTier(book.findPrice(provider, model, atMs), serviceTier, atMs);
  if (answered === null) return find(modelAsked);
  // e.g. asked `qwen/qwen3-32b:groq`, answered `qwen/qwen3-32b`.
  const hasVariant = modelAsked?.toLowerCase().startsWith(`${answered.toLowerCase()}:`) === true;
  return (hasVariant ? find(modelAsked) : null) ?? find(answered);
}

function inTier(row: PriceRow | null, tier: string | null, atMs: number): PriceRow | null {
  return row === null ? null : priceInTier(row, tier, atMs);
}

/**
 * Output that only the total counts: xAI's chat and Google's OpenAI-like surface leave reasoning out of the completion tokens
 * and charge for it as output.
 */
function withHiddenOutput(usage: Usage): Usage {
  const { total, inputFull, output, cacheIncluded } = usage;
  if (!cacheIncluded || total === null || inputFull === null || output === null) return usage;
  const counted = total - inputFull;
  return counted <= output ? usage : { ...usage, output: counted };
}

/** Cohere counts what the model saw as `tokens` and charges for `billed_units`, which leave out its own templates. */
function billedUnits({ usage, extra }: Reading): Usage | null {
  const billed = extra.billed_units as Record<string, unknown> | null | undefined;
  const [input, output, images] = ['input_tokens', 'output_tokens', 'image_tokens'].map((name) => {
    const count = billed?.[name];
    return typeof count === 'number' && count >= 0 ? count : null;
  });
  if (usage === null || (input ?? output ?? null) === null) return usage;
  const inputFull = (input ?? 0) + (images ?? 0);
  return {
    ...usage,
    input: input ?? null,
    inputFull,
    output: output ?? null,
    imageInput: images ?? null,
    cacheRead: null,
  };
}

/** The model of Anthropic's that took over, where one did: a stream has named the first one by then. */
function servingModel({ extra }: Reading): string | null {
  const runs: unknown[] = Array.isArray(extra.iterations) ? extra.iterations : [];
  const last = runs.findLast(
    (run): run is { model: string } =>
      typeof run === 'object' &&
      run !== null &&
      'type' in run &&
      run.type === 'fallback_message' &&
      'model' in run &&
      typeof run.model === 'string',
  );
  return last?.model ?? null;
}

/** Runs that make up Anthropic's main counters. A fallback is the run of the model that answered in the end. */
const COUNTED_RUNS: ReadonlySet<unknown> = new Set(['message', 'fallback_message']);

/** Runs that Anthropic's main counters leave out: compactions, on the same model, and advisors, which name their own. */
function hiddenRuns({ extra }: Reading): BilledRun[] {
  const runs: unknown[] = Array.isArray(extra.iterations) ? extra.iterations : [];
  return runs.flatMap((run) => {
    if (typeof run !== 'object' || run === null || !('type' in run) || COUNTED_RUNS.has(run.type)) return [];
    const model = 'model' in run && typeof run.model === 'string' ? run.model : null;
    const usage = anthropicUsage({ ...run });
    return usage === null ? [] : [{ model, usage }];
  });
}

function sum(costs: CostBreakdown[]): CostBreakdown {
  return {
    components: costs.flatMap((cost) => cost.components),
    totalPico: costs.reduce((total, cost) => total + cost.totalPico, 0n),
  };
}
