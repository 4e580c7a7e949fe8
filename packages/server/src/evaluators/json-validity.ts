import { shareOfAnswers } from './share.ts';

/** Share of the answers that are JSON as a whole; a fence of Markdown around it makes it none. */
export const jsonValidityEvaluator = () =>
  shareOfAnswers((text) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  });
