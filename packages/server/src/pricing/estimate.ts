import { emptyUsage } from '../formats/index.ts';
import { costOf } from './cost.ts';
import { type CustomCost, customCostOf } from './custom-cost.ts';
import type { PriceRow } from './row.ts';

/** Bytes of plain text in a token, at least: English has four, code and JSON three. */
const ASCII_BYTES_PER_TOKEN = 3;
/** Bytes of other scripts in a token, at least: a Chinese character has three, a Cyrillic letter two. */
const WIDE_BYTES_PER_TOKEN = 2;
/** From so many characters of base64 on without a break, it is a file and no text. */
const FILE_RUN = 512;
/** Tokens of a picture or of another embedded file: about what a large picture costs. */
const FILE_TOKENS = 1600;
/** Output assumed for a call that sets no bound. */
const USUAL_OUTPUT_TOKENS = 1024;

/** What every prompt has beside its text: roles, and often an instruction of the provider's own. */
const FRAME_TOKENS = 64;

/** 2 for bytes of other scripts, 1 for what base64 may have (plain or URL-safe), 0 for the rest. */
const KIND = new Uint8Array(256).fill(2, 0x80);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-') KIND[char.charCodeAt(0)] = 1;

const encoder = new TextEncoder();

/**
 * Tokens in a request body, rather too many than too few: for reservations, never for bills. One pass over the bytes,
 * no tokenizer: three bytes of ASCII are a token (JSON syntax counts, too), two bytes of anything else; long runs of
 * base64 are files and count as one large picture each. Can't know what the provider adds: definitions of its own
 * tools, pages that they fetch, files behind a URL.
 */
export function estimateTokens(body: Uint8Array | string): number {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  let wide = 0;
  let files = 0;
  let fileBytes = 0;
  let runStart = 0;
  // One step beyond the end closes the last run. Indexed: iterators cost ten times as much here.
  for (let at = 0; at <= bytes.length; at += 1) {
    const kind = KIND[bytes[at] ?? 0];
    if (kind === 1) continue;
    if (at - runStart >= FILE_RUN) {
      files += 1;
      fileBytes += at - runStart;
    }
    runStart = at + 1;
    if (kind === 2) wide += 1;
  }
  const ascii = bytes.length - wide - fileBytes;
  return Math.ceil(ascii / ASCII_BYTES_PER_TOKEN + wide / WIDE_BYTES_PER_TOKEN) + files * FILE_TOKENS + FRAME_TOKENS;
}

export interface EstimateInput {
  /** Null: not known. */
  price: PriceRow | null;
  /** The client's own prices, which go before. */
  custom: CustomCost | null;
  promptTokens: number;
  /** The client's bound; null: a usual length is assumed. */
  maxOutputTokens: number | null;
}

/** What to reserve for a call, in pico-dollars: all of its prompt fresh, and all the output it may have. Unknown prices: 0. */
export function estimateCost({ price, custom, promptTokens, maxOutputTokens }: EstimateInput): bigint {
  const output = maxOutputTokens ?? USUAL_OUTPUT_TOKENS;
  const usage = { ...emptyUsage(), input: promptTokens, inputFull: promptTokens, output };
  const cost = custom !== null ? customCostOf(usage, custom) : price !== null ? costOf(usage, price) : null;
  return cost?.totalPico ?? 0n;
}
