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

/** 1 for what base64 may have, plain or URL-safe. */
const FILE_BYTES = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-')
  FILE_BYTES[char.charCodeAt(0)] = 1;

const encoder = new TextEncoder();

/** From so many bytes on, not every byte is looked at: the event loop must not stand still for a prompt of megabytes. */
const SAMPLED_BYTES = 64 * 1024;
/** Bytes of the sample: a prime, so that no regular text hides from it. */
const SAMPLE_STEP = 17;

/**
 * Tokens in a request body, rather too many than too few: for reservations, never for bills. No tokenizer: three bytes
 * of ASCII are a token (JSON syntax counts, too), two bytes of anything else; long runs of base64 are files and count as
 * one large picture each. Of bodies over 64 KiB the share of other scripts is sampled. Can't know what the provider adds:
 * definitions of its own tools, pages that they fetch, files behind a URL.
 */
export function estimateTokens(body: Uint8Array | string): number {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const files = filesIn(bytes);
  const wide = Math.min(wideBytes(bytes), bytes.length - files.bytes);
  const ascii = bytes.length - wide - files.bytes;
  const text = Math.ceil(ascii / ASCII_BYTES_PER_TOKEN + wide / WIDE_BYTES_PER_TOKEN);
  return text + files.count * FILE_TOKENS + FRAME_TOKENS;
}

function wideBytes(bytes: Uint8Array): number {
  const step = bytes.length < SAMPLED_BYTES ? 1 : SAMPLE_STEP;
  let wide = 0;
  // Indexed: iterators cost ten times as much here.
  for (let at = 0; at < bytes.length; at += step) if ((bytes[at] ?? 0) >= 0x80) wide += 1;
  return wide * step;
}

/** Runs of base64 of at least `FILE_RUN` bytes: each covers one of the places at multiples of that, so only those are looked at. */
function filesIn(bytes: Uint8Array): { count: number; bytes: number } {
  let count = 0;
  let total = 0;
  let at = FILE_RUN - 1;
  while (at < bytes.length) {
    if (!isFileByte(bytes[at])) {
      at += FILE_RUN;
      continue;
    }
    let start = at;
    while (start > 0 && isFileByte(bytes[start - 1])) start -= 1;
    let end = at + 1;
    while (end < bytes.length && isFileByte(bytes[end])) end += 1;
    if (end - start >= FILE_RUN) {
      count += 1;
      total += end - start;
    }
    // The next place that another run may cover.
    at = end + FILE_RUN;
  }
  return { count, bytes: total };
}

function isFileByte(byte: number | undefined): boolean {
  return FILE_BYTES[byte ?? 0] === 1;
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
