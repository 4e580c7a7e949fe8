import { z } from 'zod';

/** What can be evaluated. `type` names the evaluator; ids are stable. All but the first three are Headgate's own. */
export const EVALUATION_TYPES = [
  { id: 'cost', name: 'Cost', type: 'cost', description: 'Average cost in dollars of the logs whose cost is known' },
  { id: 'speed', name: 'Speed', type: 'speed', description: 'Average duration in milliseconds' },
  {
    id: 'performance',
    name: 'Performance',
    type: 'performance',
    description: 'Share of thumbs up among the logs with feedback, in percent',
  },
  {
    id: 'success_rate',
    name: 'Success rate',
    type: 'success_rate',
    description: 'Share of the logs whose outcome is success, in percent',
  },
  {
    id: 'cached_share',
    name: 'Cached share',
    type: 'cached_share',
    description: 'Share of the logs answered from the cache, in percent',
  },
  {
    id: 'latency_p95',
    name: 'Latency p95',
    type: 'latency_p95',
    description: 'Time to the first byte of the answer that 95 of 100 logs kept to, in milliseconds, to four digits',
  },
  {
    id: 'tokens_per_answer',
    name: 'Tokens per answer',
    type: 'tokens_per_answer',
    description: 'Average number of output tokens of the logs where it is known',
  },
  {
    id: 'exact_match',
    name: 'Exact match',
    type: 'exact_match',
    description:
      'Share of the answers whose text is `parameters.exact_match.text`, white space around it aside, in percent',
  },
  {
    id: 'contains',
    name: 'Contains',
    type: 'contains',
    description: 'Share of the answers whose text holds `parameters.contains.text`, in percent',
  },
  {
    id: 'json_validity',
    name: 'JSON validity',
    type: 'json_validity',
    description: 'Share of the answers whose text is JSON, in percent',
  },
  {
    id: 'regex',
    name: 'Regular expression',
    type: 'regex',
    description: 'Share of the answers in which `parameters.regex.pattern` (RE2 syntax) is found, in percent',
  },
] as const;
export type EvaluationTypeId = (typeof EVALUATION_TYPES)[number]['id'];
export const EVALUATION_TYPE_IDS = EVALUATION_TYPES.map(({ id }) => id);
export const evaluationTypeId = z.enum(EVALUATION_TYPE_IDS);

const textParameters = z.object({ text: z.string().min(1).max(10_000), ignore_case: z.boolean().default(false) });
const regexParameters = z.object({ pattern: z.string().min(1).max(1000), ignore_case: z.boolean().default(false) });

/** The types that need parameters, each under its own id; the others take none. */
export const evaluationParameters = z.object({
  exact_match: textParameters.optional(),
  contains: textParameters.optional(),
  regex: regexParameters.optional(),
});
export type EvaluationParameters = z.output<typeof evaluationParameters>;
export type TextParameters = z.output<typeof textParameters>;
export type RegexParameters = z.output<typeof regexParameters>;

const NEEDED = Object.keys(evaluationParameters.shape) as (keyof EvaluationParameters)[];

/** The chosen types that need parameters. */
export function typesWithParameters(chosen: readonly EvaluationTypeId[]): (keyof EvaluationParameters)[] {
  return NEEDED.filter((id) => chosen.includes(id));
}
