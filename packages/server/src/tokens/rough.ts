import { estimateTokens } from '../pricing/index.ts';
import { type Countable, type Counts, countTokens } from './count.ts';

/** Bytes of a body that are parsed for a count without a tokenizer. */
const MAX_PARSED_BYTES = 128 * 1024;
/** Bytes in a token, about: English has four to five, other languages three to six. */
const BYTES_PER_TOKEN = 4;

/** Counts by the length of texts: for what is too much to be counted, or was not counted in time. */
export function countRoughly(what: Countable): Counts {
  const { prompt, output } = what;
  if (prompt !== null && prompt.byteLength > MAX_PARSED_BYTES) {
    return { input: estimateTokens(prompt), output: output.reduce((tokens, text) => tokens + roughly(text), 0) };
  }
  return countTokens(what, roughly);
}

function roughly(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}
