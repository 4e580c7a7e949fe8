import type { Piece } from './tokens.ts';

/** Each of these is one token of `o200k_base` with a space before it; the first is one without, too. */
const WORDS = `sit lorem ipsum dolor amet the quick brown fox jumps over a lazy dog while rain falls on green hills
and small boats drift past old stone walls under morning light`.split(/\s/);

/** Filler of exactly `tokens` tokens, one piece each; nothing needs to be encoded for it. */
export function lorem(tokens: number): Piece[] {
  return Array.from({ length: tokens }, (_, i) => ({
    text: `${i === 0 ? '' : ' '}${WORDS[i % WORDS.length] ?? ''}`,
    tokens: 1,
  }));
}
