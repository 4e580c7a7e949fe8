import { averageOf } from './average.ts';

/** Average duration in milliseconds, to the microsecond. */
export const speedEvaluator = () => averageOf(({ durationMs }) => durationMs);
