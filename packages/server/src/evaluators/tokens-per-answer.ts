import { averageOf } from './average.ts';

/** Average number of output tokens of the logs where it is known. */
export const tokensPerAnswerEvaluator = () => averageOf(({ tokensOut }) => tokensOut);
