import type { TextParameters } from '@headgate/contract';
import { shareOfAnswers } from './share.ts';

/** Share of the answers that are the text; white space around either is not looked at. */
export function exactMatchEvaluator({ text, ignore_case }: TextParameters) {
  const form = (one: string) => (ignore_case ? one.trim().toLowerCase() : one.trim());
  const wanted = form(text);
  return shareOfAnswers((answer) => form(answer) === wanted);
}
