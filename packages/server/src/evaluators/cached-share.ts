import { shareOf } from './share.ts';

/** Share of the logs answered from the cache. */
export const cachedShareEvaluator = () => shareOf(({ cached }) => cached);
