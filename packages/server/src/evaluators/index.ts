/**
 * Evaluators: one per evaluation type, pure. Each is shown the logs of an evaluation one by one and says one number.
 * Knows no store and no gateway.
 */
import type { EvaluationParameters, EvaluationTypeId } from '@headgate/contract';
import { cachedShareEvaluator } from './cached-share.ts';
import { containsEvaluator } from './contains.ts';
import { costEvaluator } from './cost.ts';
import type { Evaluator } from './evaluator.ts';
import { exactMatchEvaluator } from './exact-match.ts';
import { jsonValidityEvaluator } from './json-validity.ts';
import { latencyP95Evaluator } from './latency-p95.ts';
import { performanceEvaluator } from './performance.ts';
import { regexEvaluator } from './regex.ts';
import { speedEvaluator } from './speed.ts';
import { successRateEvaluator } from './success-rate.ts';
import { tokensPerAnswerEvaluator } from './tokens-per-answer.ts';

export type { Evaluator } from './evaluator.ts';
export { regexProblem } from './regex.ts';

/** Makes the evaluator of each type; throws when its parameters are missing or can't be used. */
const EVALUATORS: Record<EvaluationTypeId, (parameters: EvaluationParameters) => Evaluator | Promise<Evaluator>> = {
  cost: costEvaluator,
  speed: speedEvaluator,
  performance: performanceEvaluator,
  success_rate: successRateEvaluator,
  cached_share: cachedShareEvaluator,
  latency_p95: latencyP95Evaluator,
  tokens_per_answer: tokensPerAnswerEvaluator,
  exact_match: ({ exact_match }) => exactMatchEvaluator(given(exact_match)),
  contains: ({ contains }) => containsEvaluator(given(contains)),
  json_validity: jsonValidityEvaluator,
  regex: ({ regex }) => regexEvaluator(given(regex)),
};

/** A fresh evaluator. Rejects when the type's parameters are missing or can't be used. */
export async function createEvaluator(type: EvaluationTypeId, parameters: EvaluationParameters): Promise<Evaluator> {
  return EVALUATORS[type](parameters);
}

function given<T>(parameters: T | undefined): T {
  if (parameters === undefined) throw new Error('An evaluation type lacks its parameters');
  return parameters;
}
