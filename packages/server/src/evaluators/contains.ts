import type { TextParameters } from '@headgate/contract';
import { shareOfAnswers } from './share.ts';

/** Share of the answers that hold the text. */
export function containsEvaluator({ text, ignore_case }: TextParameters) {
  const form = (one: string) => (ignore_case ? one.toLowerCase() : one);
  const wanted = form(text);
  return shareOfAnswers((answer) => form(answer).includes(wanted));
}
