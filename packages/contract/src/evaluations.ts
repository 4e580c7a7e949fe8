import { z } from 'zod';
import { dataset } from './datasets.ts';
import { endpoint } from './endpoint.ts';
import { evaluationParameters, evaluationTypeId, typesWithParameters } from './evaluation-types.ts';
import { direction, noQuery, paging, queryBoolean, timestamp } from './fields.ts';

const evaluationType = z.object({
  id: evaluationTypeId,
  name: z.string(),
  type: z.string(),
  description: z.string(),
  enable: z.boolean(),
  mandatory: z.boolean(),
  created_at: timestamp,
  modified_at: timestamp,
});

/**
 * `status`: 0 waiting or running (`status_description` tells how far), 1 done, 2 failed. `result` is a decimal number as
 * text, empty without a log to look at.
 */
const evaluationResult = z.object({
  id: z.string(),
  evaluation_id: z.string(),
  evaluation_type_id: evaluationTypeId,
  result: z.string(),
  status: z.number(),
  status_description: z.string(),
  total_logs: z.number(),
  created_at: timestamp,
  modified_at: timestamp,
});

/** A snapshot over the logs that its datasets held when it was made; run again by making a new one. */
export const evaluation = z.object({
  id: z.string(),
  gateway_id: z.string(),
  name: z.string(),
  processed: z.boolean(),
  /** While it runs: the logs looked at so far. */
  total_logs: z.number(),
  /** Of the types that have some. */
  parameters: evaluationParameters,
  datasets: z.array(dataset),
  results: z.array(evaluationResult),
  created_at: timestamp,
  modified_at: timestamp,
});
export type Evaluation = z.output<typeof evaluation>;

const evaluationCreate = z
  .object({
    name: z.string().min(1).max(255),
    dataset_ids: z.array(z.string()).min(1).max(100),
    evaluation_type_ids: z.array(evaluationTypeId).min(1).max(100),
    parameters: evaluationParameters.default({}),
  })
  .superRefine(({ evaluation_type_ids, parameters }, context) => {
    for (const id of typesWithParameters(evaluation_type_ids)) {
      if (parameters[id] !== undefined) continue;
      context.addIssue({ code: 'custom', path: ['parameters', id], message: `${id} needs parameters` });
    }
  });

const tag = 'Evaluations';
const all = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/evaluations';
const one = '/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/evaluations/{id}';

export const evaluationEndpoints = {
  'evaluationTypes.list': endpoint({
    method: 'GET',
    path: '/accounts/{account_id}/ai-gateway/evaluation-types',
    tag,
    summary: 'List evaluators',
    permission: 'read',
    openToRestricted: true,
    query: z.object({
      ...paging(),
      order_by: z
        .enum(['id', 'name', 'type', 'description', 'enable', 'mandatory', 'created_at', 'modified_at'])
        .optional(),
      order_by_direction: direction.default('asc'),
    }),
    body: null,
    response: evaluationType,
    reply: 'page',
  }),
  'evaluations.list': endpoint({
    method: 'GET',
    path: all,
    tag,
    summary: 'List evaluations',
    permission: 'read',
    query: z.object({
      ...paging(),
      name: z.string().optional(),
      processed: queryBoolean.optional(),
      search: z.string().optional(),
    }),
    body: null,
    response: evaluation,
    reply: 'page',
  }),
  'evaluations.create': endpoint({
    method: 'POST',
    path: all,
    tag,
    summary: 'Start an evaluation; `processed` turns true when it is done',
    permission: 'edit',
    query: noQuery,
    body: evaluationCreate,
    response: evaluation,
    reply: 'result',
  }),
  'evaluations.get': endpoint({
    method: 'GET',
    path: one,
    tag,
    summary: 'Fetch an evaluation',
    permission: 'read',
    query: noQuery,
    body: null,
    response: evaluation,
    reply: 'result',
  }),
  'evaluations.delete': endpoint({
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete an evaluation',
    permission: 'edit',
    query: noQuery,
    body: null,
    response: evaluation,
    reply: 'result',
  }),
};
