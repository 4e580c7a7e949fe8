import type { Usage } from '../formats/index.ts';
import { billOf, type CostBreakdown } from './cost.ts';
import { dollarRate, type Exact } from './exact.ts';

/** The prices that a client sets for its call, pico-dollars for one token or for the call. Null: not given. */
export interface CustomCost {
  perTokenIn: Exact | null;
  perTokenOut: Exact | null;
  perCacheReadToken: Exact | null;
  perCacheWriteToken: Exact | null;
  /** The whole call, whatever it used. */
  totalCost: Exact | null;
}

const KEYS = [
  ['per_token_in', 'perTokenIn'],
  ['per_token_out', 'perTokenOut'],
  ['per_cache_read_token', 'perCacheReadToken'],
  ['per_cache_write_token', 'perCacheWriteToken'],
  ['total_cost', 'totalCost'],
] as const;

/** The header's value can't be used. The message names the key and is meant for the client. */
export class CustomCostError extends Error {
  override readonly name = 'CustomCostError';
}

const NUMBER_TEXT = Symbol('number text');
interface JsonNumber {
  [NUMBER_TEXT]: string;
}

/**
 * Reads the value of `cf-aig-custom-cost`: a JSON object of US dollars for one token, with any number of decimals, or for the
 * whole call. Numbers are taken from the text digit by digit. Unknown keys are ignored, at least one must be known.
 * @throws CustomCostError
 */
export function parseCustomCost(text: string): CustomCost {
  const value = parseJsonObject(text);
  const custom: CustomCost = {
    perTokenIn: null,
    perTokenOut: null,
    perCacheReadToken: null,
    perCacheWriteToken: null,
    totalCost: null,
  };
  for (const [key, field] of KEYS) {
    if (Object.hasOwn(value, key)) custom[field] = readPrice(key, value[key]);
  }
  if (Object.values(custom).every((price) => price === null)) {
    throw new CustomCostError(`cf-aig-custom-cost needs one of ${KEYS.map(([key]) => key).join(', ')}`);
  }
  return custom;
}

function parseJsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text, (_key, item: unknown, context?: { source?: string }): unknown =>
      typeof item === 'number' ? ({ [NUMBER_TEXT]: context?.source ?? String(item) } satisfies JsonNumber) : item,
    );
  } catch {
    throw new CustomCostError('cf-aig-custom-cost is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || NUMBER_TEXT in value) {
    throw new CustomCostError('cf-aig-custom-cost must be a JSON object');
  }
  return value as Record<string, unknown>;
}

function readPrice(key: string, value: unknown): Exact {
  const isNumber = typeof value === 'object' && value !== null && NUMBER_TEXT in value;
  const price = isNumber ? dollarRate((value as JsonNumber)[NUMBER_TEXT]) : null;
  if (price === null) throw new CustomCostError(`cf-aig-custom-cost: ${key} must be a number of dollars, 0 or more`);
  return price;
}

/**
 * What a call costs at the client's prices. Cached tokens have a price of their own as soon as one of the two is given,
 * the other being `per_token_in`; with neither, only the input and output counters are multiplied, as written.
 * Null where a price for a token needs counters that are not known.
 */
export function customCostOf(usage: Usage | null, custom: CustomCost): CostBreakdown | null {
  if (custom.totalCost !== null) return billOf([{ component: 'request', units: 1, rate: custom.totalCost }]);
  if (usage === null || (usage.input === null && usage.output === null)) return null;
  const { perTokenIn, perTokenOut, perCacheReadToken, perCacheWriteToken } = custom;
  const input = usage.input ?? 0;
  const output = { component: 'output', units: usage.output ?? 0, rate: perTokenOut ?? undefined } as const;
  const plainRate = perTokenIn ?? undefined;
  if (perCacheReadToken === null && perCacheWriteToken === null) {
    return billOf([{ component: 'input', units: input, rate: plainRate }, output]);
  }
  const read = usage.cacheRead ?? 0;
  const write = usage.cacheWrite ?? 0;
  const fresh = usage.cacheIncluded ? Math.max(0, input - read - write) : input;
  return billOf([
    { component: 'input', units: fresh, rate: plainRate },
    { component: 'cacheRead', units: read, rate: perCacheReadToken ?? plainRate },
    { component: 'cacheWrite', units: write, rate: perCacheWriteToken ?? plainRate },
    output,
  ]);
}
