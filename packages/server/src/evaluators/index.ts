/**
 * Evaluators: one per evaluation type, pure. Each is shown the logs of an evaluation one by one and says one number.
 * Knows no store and no gateway.
 */
import type { EvaluationTypeId } from '@headgate/contract';
import { costEvaluator } from './cost.ts';
import type { Evaluator } from './evaluator.ts';
import { performanceEvaluator } from './performance.ts';
import { speedEvaluator } from './speed.ts';

export type { Evaluator } from './evaluator.ts';

/** Makes the evaluator of each type. */
export const EVALUATORS: Record<EvaluationTypeId, () => Evaluator> = {
  cost: costEvaluator,
  speed: speedEvaluator,
  performance: performanceEvaluator,
};
