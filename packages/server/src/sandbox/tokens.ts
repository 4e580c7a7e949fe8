import { splitLongRuns } from '../lib/index.ts';

/** A piece of text that can be sent on its own: it never ends inside a character. */
export interface Piece {
  text: string;
  tokens: number;
}

export interface Tokenizer {
  encode(text: string): number[];
  /** The text token by token; tokens that share a character come as one piece. */
  pieces(text: string): Piece[];
}

/** OpenAI's `o200k_base` encoding. Its table takes half a second to load, so it is loaded with the first call. */
export async function loadTokenizer(): Promise<Tokenizer> {
  const { encode, decode } = await import('gpt-tokenizer/encoding/o200k_base');
  // Text such as `<|endoftext|>` is plain text here, not a control token.
  const plain = { disallowedSpecial: new Set<string>() };
  const tokensOf = (text: string) => splitLongRuns(text).flatMap((part) => encode(part, plain));
  return {
    encode: tokensOf,
    pieces: (text) => {
      const pieces: Piece[] = [];
      let joined = '';
      let tokens = 0;
      // `decode` keeps the bytes of an unfinished character for the next call, in state shared by the whole process:
      // the loop must take every token of the text and must not be interrupted.
      for (const token of tokensOf(text)) {
        tokens += 1;
        const decoded = decode([token]);
        if (decoded === '') continue;
        joined += decoded;
        pieces.push({ text: decoded, tokens });
        tokens = 0;
      }
      // A byte order mark or a lone surrogate does not come back out of its tokens: such a text goes out whole.
      return joined === text ? pieces : [{ text, tokens: tokensOf(text).length }];
    },
  };
}
