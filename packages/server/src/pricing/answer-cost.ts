import { anthropicUsage, type Reading, type Usage } from '../formats/index.ts';
import { type CostBreakdown, costOf } from './cost.ts';
import { type CustomCost, customCostOf } from './custom-cost.ts';
import type { PriceBook } from './price-book.ts';
import type { PriceRow } from './row.ts';

export interface AnswerInput {
  /** Slug of the provider that answered. */
  provider: string;
  /** The model that was asked for, or null. Prices the call when the answer names none. */
  modelAsked: string | null;
  reading: Reading;
  atMs: number;
  /** The client's own prices, which go before the list. */
  custom: CustomCost | null;
}

/**
 * What an answer costs, or null when that is not known: no usage, no model, or no price for it. Takes from the reading
 * what the provider bills, where that is not what its main counters say.
 */
export function costOfAnswer(book: PriceBook, input: AnswerInput): CostBreakdown | null {
  const { provider, reading, atMs, custom } = input;
  if (custom !== null) return customCostOf(reading.usage, custom);
  const price = priceOfAnswer(book, input);
  const main = price === null ? null : costOf(billedUsage(reading), price);
  if (main === null) return null;
  const hidden = hiddenRuns(reading).map(({ model, usage }) => {
    const row = model === null ? price : book.findPrice(provider, model, atMs);
    return row === null ? null : costOf(usage, row);
  });
  return sum([main, ...hidden].filter((cost) => cost !== null));
}

/** The price of the model that answered. What was asked for counts where it is the same name with a variant, or the only one. */
function priceOfAnswer(book: PriceBook, { provider, modelAsked, reading, atMs }: AnswerInput): PriceRow | null {
  const answered = reading.model;
  const find = (model: string | null) => (model === null ? null : book.findPrice(provider, model, atMs));
  if (answered === null) return find(modelAsked);
  // e.g. asked `qwen/qwen3-32b:groq`, answered `qwen/qwen3-32b`.
  const hasVariant = modelAsked?.toLowerCase().startsWith(`${answered.toLowerCase()}:`) === true;
  return (hasVariant ? find(modelAsked) : null) ?? find(answered);
}

/** The usage that the provider charges for. */
function billedUsage(reading: Reading): Usage | null {
  const usage = billedUnits(reading);
  return usage === null ? null : withHiddenOutput(usage);
}

/**
 * Output that only the total counts: xAI's chat and Google's OpenAI-like surface leave reasoning out of the completion tokens
 * and charge for it as output.
 */
function withHiddenOutput(usage: Usage): Usage {
  const { total, inputFull, output, cacheIncluded } = usage;
  if (!cacheIncluded || total === null || inputFull === null || output === null) return usage;
  return { ...usage, output: Math.max(output, total - inputFull) };
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

/** Runs that make up Anthropic's main counters. A fallback is the run of the model that answered in the end. */
const COUNTED_RUNS: ReadonlySet<unknown> = new Set(['message', 'fallback_message']);

/** Runs that Anthropic's main counters leave out: compactions, on the same model, and advisors, which name their own. */
function hiddenRuns({ extra }: Reading): { model: string | null; usage: Usage | null }[] {
  const runs: unknown[] = Array.isArray(extra.iterations) ? extra.iterations : [];
  return runs.flatMap((run) => {
    if (typeof run !== 'object' || run === null || !('type' in run) || COUNTED_RUNS.has(run.type)) return [];
    const model = 'model' in run && typeof run.model === 'string' ? run.model : null;
    return [{ model, usage: anthropicUsage({ ...run }) }];
  });
}

function sum(costs: CostBreakdown[]): CostBreakdown {
  return {
    components: costs.flatMap((cost) => cost.components),
    totalPico: costs.reduce((total, cost) => total + cost.totalPico, 0n),
  };
}
