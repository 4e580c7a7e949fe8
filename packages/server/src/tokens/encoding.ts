import { readFile } from 'node:fs/promises';
import { CL100K_TOKEN_SPLIT_REGEX, O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants';
import { splitLongRuns } from '../lib/index.ts';
import { Ranks } from './ranks.ts';

/** OpenAI's encodings: the one of its models up to GPT-4 Turbo and of its embeddings, and the one of all later ones. */
export type EncodingName = 'cl100k_base' | 'o200k_base';

const OLDER = /^(?:gpt-4(?:-(?!o\b)|-?32k|$)|gpt-3\.?5|text-embedding-(?:3|ada)|davinci-002|babbage-002)/;

/** The encoding of a model, whoever serves it; for models of other makers the newest, whose counts come near theirs. */
export function encodingOf(model: string): EncodingName {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return OLDER.test(name) ? 'cl100k_base' : 'o200k_base';
}

/** Counts tokens of a text; control tokens such as `<|endoftext|>` are plain text. */
export type CountText = (text: string) => number;

/** Rejects when the encoding's table cannot be read. */
export async function loadEncoding(name: EncodingName): Promise<CountText> {
  const file = await readFile(new URL(import.meta.resolve(`gpt-tokenizer/data/${name}.tiktoken`)));
  const ranks = new Ranks(file);
  const pattern = new RegExp(name === 'cl100k_base' ? CL100K_TOKEN_SPLIT_REGEX : O200K_TOKEN_SPLIT_REGEX);
  const piece = new PieceCounter(ranks);
  return (text) => {
    let tokens = 0;
    for (const part of splitLongRuns(text)) for (const match of part.match(pattern) ?? []) tokens += piece.count(match);
    return tokens;
  };
}

const encoder = new TextEncoder();

/** Merges one piece of a text, always the pair of the lowest rank first, until none is left that is a token. */
class PieceCounter {
  readonly #ranks: Ranks;
  #bytes = new Uint8Array(1024);
  /** Begin of each part, and the rank of it together with the next; -1: no token. */
  #starts = new Int32Array(1025);
  #pairs = new Int32Array(1025);

  constructor(ranks: Ranks) {
    this.#ranks = ranks;
  }

  count(text: string): number {
    // A UTF-16 unit takes at most three bytes.
    const most = text.length * 3;
    if (most > this.#bytes.length) {
      this.#bytes = new Uint8Array(most);
      this.#starts = new Int32Array(most + 1);
      this.#pairs = new Int32Array(most + 1);
    }
    const length = encoder.encodeInto(text, this.#bytes).written;
    return this.#ranks.of(this.#bytes, 0, length) >= 0 ? 1 : this.#merge(length);
  }

  #merge(length: number): number {
    const starts = this.#starts;
    const pairs = this.#pairs;
    let parts = length;
    for (let at = 0; at <= length; at += 1) starts[at] = at;
    for (let at = 0; at < length; at += 1) pairs[at] = this.#pairRank(at, parts);
    for (;;) {
      let best = -1;
      let bestRank = Number.MAX_SAFE_INTEGER;
      for (let at = 0; at < parts - 1; at += 1) {
        const rank = pairs[at] ?? -1;
        if (rank >= 0 && rank < bestRank) {
          best = at;
          bestRank = rank;
        }
      }
      if (best < 0) return parts;
      starts.copyWithin(best + 1, best + 2, parts + 1);
      pairs.copyWithin(best + 1, best + 2, parts);
      parts -= 1;
      pairs[best] = this.#pairRank(best, parts);
      if (best > 0) pairs[best - 1] = this.#pairRank(best - 1, parts);
    }
  }

  #pairRank(at: number, parts: number): number {
    if (at + 2 > parts) return -1;
    return this.#ranks.of(this.#bytes, this.#starts[at] ?? 0, this.#starts[at + 2] ?? 0);
  }
}
