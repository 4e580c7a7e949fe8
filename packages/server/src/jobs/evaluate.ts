import { EVALUATORS } from '../evaluators/index.ts';
import type { Clock } from '../lib/index.ts';
import type { ControlStore, Entry, EvaluationData, EvaluationResult } from '../stores/control-ports.ts';
import type { LogQuery, LogRecord, LogStore } from '../stores/ports.ts';

export interface EvaluationJobDeps {
  control: Pick<ControlStore, 'evaluations' | 'pendingEvaluations'>;
  logs: Pick<LogStore, 'list'>;
  clock: Clock;
  report: (error: unknown, context: string) => void;
}

export interface EvaluationJob {
  /** Works on everything that waits, one evaluation after the other. Returns at once; wake it at start and after each new one. */
  wake(): void;
  /** Resolves when nothing is being worked on. */
  idle(): Promise<void>;
  /** Ends after the page of logs in hand; what is unfinished begins anew at the next start. */
  stop(): Promise<void>;
}

const LOGS_PER_PAGE = 500;
const WRITE = { actor: { kind: 'system', id: 'evaluate', name: 'evaluation job' } } as const;

export function createEvaluationJob(deps: EvaluationJobDeps): EvaluationJob {
  let running: Promise<void> | null = null;
  let wanted = false;
  let stopped = false;

  async function run(): Promise<void> {
    while (wanted && !stopped) {
      wanted = false;
      for (const entry of await deps.control.pendingEvaluations()) {
        if (!stopped) await work(entry, deps, () => stopped);
      }
    }
  }
  function wake(): void {
    wanted = true;
    running ??= run()
      .catch((error: unknown) => deps.report(error, 'evaluations'))
      .finally(() => {
        running = null;
      });
  }
  return {
    wake,
    idle: async () => {
      await running;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

async function work(entry: Entry<EvaluationData>, deps: EvaluationJobDeps, stopped: () => boolean): Promise<void> {
  const done = await evaluate(entry, deps, stopped);
  if (done === null) return;
  const scope = { accountId: entry.accountId, parent: entry.parent };
  // Null when it was deleted in the meantime: then nobody asks for the result.
  await deps.control.evaluations.update(scope, entry.id, {
    ...WRITE,
    to: ({ data }) => ({ data: { ...data, ...done } }),
  });
}

type Done = Pick<EvaluationData, 'processed' | 'totalLogs' | 'results'>;

/** Null: stopped before the end. */
async function evaluate(
  { data, parent, createdAtMs }: Entry<EvaluationData>,
  { logs, clock, report }: EvaluationJobDeps,
  stopped: () => boolean,
): Promise<Done | null> {
  const evaluators = data.results.map(({ typeId }) => EVALUATORS[typeId]());
  const finish = (
    outcome: (index: number) => Pick<EvaluationResult, 'state' | 'result' | 'totalLogs'>,
  ): Done['results'] =>
    data.results.map((result, index) => ({ ...result, ...outcome(index), modifiedAtMs: clock.nowMs() }));
  let totalLogs = 0;
  try {
    for await (const record of distinct(data, (filters) => rows(logs, { parent, createdAtMs, filters }))) {
      if (stopped()) return null;
      for (const evaluator of evaluators) evaluator.add(record);
      totalLogs++;
    }
  } catch (error) {
    report(error, 'an evaluation');
    const results = finish(() => ({ state: 'failed', result: '', totalLogs: 0 }));
    return { processed: true, totalLogs: 0, results };
  }
  const results = finish((index) => ({
    state: 'done',
    ...(evaluators[index]?.outcome() ?? { result: '', totalLogs: 0 }),
  }));
  return { processed: true, totalLogs, results };
}

type Filters = EvaluationData['datasets'][number]['data']['filters'];

/** The logs of all datasets; one that is in several comes once. */
async function* distinct(
  { datasets }: EvaluationData,
  read: (filters: Filters) => AsyncIterable<LogRecord>,
): AsyncGenerator<LogRecord> {
  const seen = datasets.length > 1 ? new Set<string>() : null;
  for (const { data } of datasets) {
    for await (const record of read(data.filters)) {
      if (seen?.has(record.id)) continue;
      seen?.add(record.id);
      yield record;
    }
  }
}

/** The logs that a dataset held when the evaluation was made. */
async function* rows(
  logs: Pick<LogStore, 'list'>,
  { parent, createdAtMs, filters }: { parent: string; createdAtMs: number; filters: Filters },
): AsyncGenerator<LogRecord> {
  const before = new Date(createdAtMs + 1).toISOString();
  const query: Omit<LogQuery, 'page'> = {
    gatewayKey: parent,
    filters: [...filters, { key: 'created_at', operator: 'lt', value: [before] }],
    orderBy: 'created_at',
    direction: 'asc',
    perPage: LOGS_PER_PAGE,
    withStatistics: false,
  };
  for (let page = 1; ; page++) {
    const { rows: found } = await logs.list({ ...query, page });
    yield* found;
    if (found.length < LOGS_PER_PAGE) return;
  }
}
