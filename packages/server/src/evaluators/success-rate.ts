import { shareOf } from './share.ts';

/** Share of the logs that ended well; cancelled calls count as not. */
export const successRateEvaluator = () => shareOf(({ outcome }) => outcome === 'success');
