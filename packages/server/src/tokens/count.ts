import type { CountText } from './encoding.ts';
import { readPrompt } from './prompt.ts';

/** What is to be counted of one answer. */
export interface Countable {
  /** Chooses the encoding. */
  readonly model: string;
  /** The request's body; null: only the answer is counted. */
  readonly prompt: Uint8Array | null;
  /** Whether the request's format wraps texts into messages. */
  readonly chat: boolean;
  /** The answer's texts. */
  readonly output: readonly string[];
}

export interface Counts {
  /** Null where no prompt was given, or none could be read. */
  readonly input: number | null;
  readonly output: number;
}

export function countTokens(what: Countable, count: CountText): Counts {
  const prompt = what.prompt === null ? null : readPrompt(what.prompt, what.chat);
  return {
    input: prompt === null ? null : prompt.tokens + total(prompt.texts, count),
    output: total(what.output, count),
  };
}

function total(texts: readonly string[], count: CountText): number {
  return texts.reduce((tokens, text) => tokens + count(text), 0);
}
