import type { Exact } from './exact.ts';

/** What has a price of its own. Tokens, except for the last four. */
export const RATE_NAMES = [
  'input',
  'output',
  'cacheRead',
  /** Kept for five minutes, or as long as the provider keeps it when it has one duration. */
  'cacheWrite',
  'cacheWrite1h',
  'audioInput',
  'audioCacheRead',
  'audioOutput',
  'imageInput',
  'imageCacheRead',
  'imageOutput',
  /** Only where the provider bills reasoning apart from other output. */
  'reasoning',
  /** Tokens of cited pages. */
  'citation',
  /** The call itself. */
  'request',
  'webSearch',
  /** Cohere's unit of reranking. */
  'searchUnit',
  /** A second of audio. */
  'second',
  /** A generated picture. */
  'image',
] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** Pico-dollars for one unit. */
export type Rates = Readonly<Partial<Record<RateName, Exact>>>;

/** Rates of long prompts; they hold for the whole call, not for the tokens beyond the bound. */
export interface Tier {
  /** Holds for prompts of more than so many tokens, cached ones among them. */
  readonly above: number;
  readonly rates: Rates;
}

/** The price of one model at one time. Immutable. */
export interface PriceRow {
  readonly provider: string;
  /** The name that the row goes by; calls may have named the model otherwise. */
  readonly model: string;
  /** The built-in list, or the account's own entry. */
  readonly source: 'list' | 'override';
  /** Which one it was: the day of the list, or the version of the account's own entry. */
  readonly version: string;
  readonly rates: Rates;
  /** Ascending. */
  readonly tiers: readonly Tier[];
  /** Milliseconds since 1970; null: no bound. */
  readonly fromMs: number | null;
  /** The first millisecond at which it no longer holds. */
  readonly untilMs: number | null;
}

/** An account's own price for a model, known or not. */
export type PriceOverride = Omit<PriceRow, 'source'>;

/** The same name as the wire has it: `cacheWrite1h` is `cache_write_1h`. */
export function wireRateName(name: string): string {
  return name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);
}
