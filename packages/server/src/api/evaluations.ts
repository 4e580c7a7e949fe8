import {
  EVALUATION_TYPES,
  type Evaluation,
  type EvaluationParameters,
  type evaluationEndpoints,
  typesWithParameters,
} from '@headgate/contract';
import { regexProblem } from '../evaluators/index.ts';
import { uuidV7Source, isoTime } from '../lib/index.ts';
import type { DatasetData, Entry, EvaluationData, EvaluationResult } from '../stores/control-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { below, compareText, found, pageOf, paged } from './find.ts';
import { wireDataset } from './datasets.ts';
import { invalidAt } from './read-input.ts';

/** When the built-in evaluators were defined. */
const TYPES_SINCE = '2026-11-01T00:00:00.000Z';

const STATES: Record<EvaluationResult['state'], { status: number; status_description: string }> = {
  waiting: { status: 0, status_description: 'waiting' },
  done: { status: 1, status_description: 'done' },
  failed: { status: 2, status_description: 'failed' },
};

export function evaluationHandlers(deps: ApiDeps): Handlers<typeof evaluationEndpoints> {
  const { control, clock } = deps;
  const { evaluations, datasets } = control;
  const ids = uuidV7Source();
  const wire = (entry: Entry<EvaluationData>, gatewayId: string) =>
    wireEvaluation(entry, { gatewayId, progress: deps.evaluationProgress(entry.id) });

  return {
    'evaluationTypes.list': ({ query }) => {
      const types = EVALUATION_TYPES.map((type) => ({
        ...type,
        enable: true,
        mandatory: false,
        created_at: TYPES_SINCE,
        modified_at: TYPES_SINCE,
      }));
      const field = query.order_by;
      if (field !== undefined) types.sort((a, b) => compareText(String(a[field]), String(b[field])));
      if (query.order_by_direction === 'desc') types.reverse();
      return pageOf(types, query);
    },
    'evaluations.list': async ({ params, query }) => {
      const wanted = query.search?.toLowerCase() ?? '';
      const { items, totalCount } = await evaluations.list(below(control, params), {
        ...paged(query),
        match: ({ id, data }) =>
          (query.name ?? data.title) === data.title &&
          (query.processed ?? data.processed) === data.processed &&
          [id, data.title].some((text) => text.toLowerCase().includes(wanted)),
      });
      return { items: items.map((entry) => wire(entry, params.gateway_id)), totalCount };
    },
    'evaluations.create': async ({ params, body, write }) => {
      const scope = below(control, params);
      const chosen: Entry<DatasetData>[] = [];
      for (const [index, id] of body.dataset_ids.entries()) {
        const dataset = await datasets.get(scope, id);
        if (dataset === null) throw invalidAt(['body', 'dataset_ids', index], 'There is no such dataset');
        chosen.push(dataset);
      }
      await checkPattern(body.parameters);
      const nowMs = clock.nowMs();
      const data: EvaluationData = {
        title: body.name,
        datasets: chosen,
        parameters: Object.fromEntries(
          typesWithParameters(body.evaluation_type_ids).map((id) => [id, body.parameters[id]]),
        ),
        processed: false,
        totalLogs: 0,
        results: [...new Set(body.evaluation_type_ids)].map((typeId) => ({
          id: ids(nowMs),
          typeId,
          state: 'waiting',
          result: '',
          totalLogs: 0,
          modifiedAtMs: nowMs,
        })),
      };
      const made = await evaluations.create(scope, { data }, write);
      deps.evaluationsWaiting();
      return wire(made, params.gateway_id);
    },
    'evaluations.get': async ({ params }) =>
      wire(await found(evaluations.get(below(control, params), params.id), 'evaluation'), params.gateway_id),
    'evaluations.delete': async ({ params, write }) =>
      wire(await found(evaluations.remove(below(control, params), params.id, write), 'evaluation'), params.gateway_id),
  };
}

/** @throws Refusal `apiValidation` for a pattern that can't be used. */
async function checkPattern({ regex }: EvaluationParameters): Promise<void> {
  const problem = regex === undefined ? null : await regexProblem(regex);
  if (problem !== null) throw invalidAt(['body', 'parameters', 'regex', 'pattern'], problem);
}

function wireEvaluation(
  { id, data, createdAtMs, modifiedAtMs }: Entry<EvaluationData>,
  { gatewayId, progress }: { gatewayId: string; progress: { logs: number; of: number } | null },
): Evaluation {
  const running =
    progress === null || data.processed
      ? {}
      : { status_description: `running: ${progress.logs} of ${progress.of} logs` };
  return {
    id,
    gateway_id: gatewayId,
    name: data.title,
    processed: data.processed,
    total_logs: data.processed ? data.totalLogs : (progress?.logs ?? 0),
    parameters: data.parameters,
    datasets: data.datasets.map((dataset) => wireDataset(dataset, gatewayId)),
    results: data.results.map((result) => ({
      id: result.id,
      evaluation_id: id,
      evaluation_type_id: result.typeId,
      result: result.result,
      ...STATES[result.state],
      ...running,
      total_logs: result.totalLogs,
      created_at: isoTime(createdAtMs),
      modified_at: isoTime(result.modifiedAtMs),
    })),
    created_at: isoTime(createdAtMs),
    modified_at: isoTime(modifiedAtMs),
  };
}
