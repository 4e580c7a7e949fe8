import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { paging, noQuery, timestamp } from './fields.ts';

/** What can have a price of its own. Tokens, except for the last five. */
export const PRICE_RATES = [
  'input',
  'output',
  'cache_read',
  'cache_write',
  'cache_write_1h',
  'audio_input',
  'audio_cache_read',
  'audio_output',
  'image_input',
  'image_cache_read',
  'image_output',
  'reasoning',
  'citation',
  'request',
  'web_search',
  'search_unit',
  'second',
  'image',
] as const;

/** Dollars for one unit beyond which a price must be a mistake; it also keeps costs within what a log row holds. */
const MAX_RATE = 1000;
/** Up to four digits before and thirty after the point, as JSON writes numbers. */
const DECIMAL = /^\d{1,4}(\.\d{1,30})?([eE][+-]?\d{1,2})?$/;

/** US dollars for one unit: a number, or a decimal text where a number is not exact enough. */
const rate = z
  .union([z.number(), z.string()])
  .refine((value) => DECIMAL.test(String(value)) && Number(value) <= MAX_RATE, {
    message: `Invalid input: expected US dollars for one unit, from 0 to ${MAX_RATE}, as a decimal number`,
  });
type PriceRate = (typeof PRICE_RATES)[number];

function ratesOf<T extends z.ZodType>(value: T) {
  const shape = Object.fromEntries(PRICE_RATES.map((name) => [name, value.optional()]));
  return z.strictObject(shape as Record<PriceRate, z.ZodOptional<T>>);
}
const someRates = ratesOf(rate).refine((rates) => Object.values(rates).some((value) => value !== undefined), {
  message: `Invalid input: expected at least one of ${PRICE_RATES.join(', ')}`,
});

/** `valid_from` is part of the address: prices of one model that begin at different times stand beside each other. */
export const priceBody = z
  .object({
    rates: someRates,
    /** Rates of prompts of more than `above` tokens; they hold for the whole call, and those not named stay. */
    tiers: z
      .array(z.object({ above: z.int().min(0), rates: someRates }))
      .max(16)
      .nullish(),
    /** From when on it holds, inclusive; null: always. */
    valid_from: timestamp.nullish(),
    /** From when on it no longer holds; null: it has no end. */
    valid_until: timestamp.nullish(),
  })
  .superRefine(({ tiers, valid_from: from, valid_until: until }, context) => {
    for (const [index, { above }] of (tiers ?? []).entries()) {
      if (tiers?.findIndex((tier) => tier.above === above) === index) continue;
      context.addIssue({
        code: 'custom',
        path: ['tiers', index, 'above'],
        message: 'Two tiers begin at the same length',
      });
    }
    if (from && until && Date.parse(until) <= Date.parse(from)) {
      context.addIssue({ code: 'custom', path: ['valid_until'], message: 'valid_until must be after valid_from' });
    }
  });

const shownRates = ratesOf(z.string());

/** Rates are exact decimal texts. `version` is what logs name as `price_version`. */
export const price = z.object({
  id: z.string(),
  provider: z.string(),
  model: z.string(),
  rates: shownRates,
  tiers: z.array(z.object({ above: z.number(), rates: shownRates })),
  valid_from: timestamp.nullable(),
  valid_until: timestamp.nullable(),
  version: z.string(),
  created_at: timestamp,
  modified_at: timestamp,
});
export type Price = z.output<typeof price>;

const tag = 'Prices';
const all = '/accounts/{account_id}/ai-gateway/prices';
const one = '/accounts/{account_id}/ai-gateway/prices/{provider}/{model}';
/** Left out: the price without a start. */
const which = z.object({ valid_from: timestamp.optional() });

export const priceEndpoints = {
  'prices.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: "List the account's own prices, by provider, model and start",
    permission: 'read',
    query: z.object({
      ...paging(),
      provider: z.string().optional(),
      model: z.string().optional(),
      search: z.string().optional(),
    }),
    body: null,
    response: price,
    reply: 'page',
  }),
  'prices.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch an own price: the one that begins at `valid_from`, or the one without a start',
    permission: 'read',
    query: which,
    body: null,
    response: price,
    reply: 'result',
  }),
  'prices.set': endpoint({
    method: 'PUT',
    path: one,
    tag,
    summary: 'Set an own price, for the next call on; it takes the place of the one with the same `valid_from`',
    permission: 'edit',
    query: noQuery,
    body: priceBody,
    response: price,
    reply: 'result',
  }),
  'prices.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete an own price: the one that begins at `valid_from`, or the one without a start',
    permission: 'edit',
    query: which,
    body: null,
    response: price,
    reply: 'result',
  }),
};
