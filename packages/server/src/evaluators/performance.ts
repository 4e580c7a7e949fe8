import { shareOf } from './share.ts';

/** Share of thumbs up among the logs with feedback. */
export const performanceEvaluator = () =>
  shareOf(({ feedback }) => (feedback === null || feedback === 0 ? null : feedback > 0));
