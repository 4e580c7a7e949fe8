import { createEvaluator, type Evaluator } from '../evaluators/index.ts';
import type { Clock } from '../lib/index.ts';
import type { ControlStore, Entry, EvaluationData, EvaluationResult } from '../stores/control-ports.ts';
import type { LogRecord, LogStore } from '../stores/log-ports.ts';
import { answerText } from './answer-text.ts';
import { countLogs, datasetLogs } from './dataset-logs.ts';

export interface EvaluationJobDeps {
  control: Pick<ControlStore, 'evaluations' | 'pendingEvaluations'>;
  logs: Pick<LogStore, 'list' | 'get'>;
  clock: Clock;
  report: (error: unknown, context: string) => void;
}

/** How far an evaluation is: logs looked at, of so many. */
export interface EvaluationProgress {
  logs: number;
  of: number;
}

export interface EvaluationJob {
  /** Works on everything that waits, one evaluation after the other. Returns at once; wake it at start and after each new one. */
  wake(): void;
  /** Of the evaluation with this id; null when it is not being worked on. */
  progress(id: string): EvaluationProgress | null;
  /** Resolves when nothing is being worked on. */
  idle(): Promise<void>;
  /** Ends after the page of logs in hand; what is unfinished begins anew at the next start. */
  stop(): Promise<void>;
}

type Current = EvaluationProgress & { id: string };

const WRITE = { actor: { kind: 'system', id: 'evaluate', name: 'evaluation job' } } as const;

export function createEvaluationJob(deps: EvaluationJobDeps): EvaluationJob {
  let running: Promise<void> | null = null;
  let current: Current | null = null;
  let wanted = false;
  let stopped = false;

  async function run(): Promise<void> {
    while (wanted && !stopped) {
      wanted = false;
      for (const entry of await deps.control.pendingEvaluations()) {
        if (stopped) return;
        current = { id: entry.id, logs: 0, of: 0 };
        await work(entry, deps, { progress: current, stopped: () => stopped });
        current = null;
      }
    }
  }
  function wake(): void {
    wanted = true;
    running ??= run()
      .catch((error: unknown) => deps.report(error, 'evaluations'))
      .finally(() => {
        running = null;
        current = null;
      });
  }
  return {
    wake,
    progress: (id) => (current?.id === id ? { logs: current.logs, of: current.of } : null),
    idle: async () => {
      await running;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

interface Task {
  progress: EvaluationProgress;
  stopped: () => boolean;
}

async function work(entry: Entry<EvaluationData>, deps: EvaluationJobDeps, task: Task): Promise<void> {
  const done = await evaluate(entry, deps, task);
  if (done === null) return;
  // Null when it was deleted in the meantime: then nobody asks for the result.
  await deps.control.evaluations.update(scopeOf(entry), entry.id, {
    ...WRITE,
    to: ({ data }) => ({ data: { ...data, ...done } }),
  });
}

type Done = Pick<EvaluationData, 'processed' | 'totalLogs' | 'results'>;

/** Null: stopped, or deleted, before the end. */
async function evaluate(
  entry: Entry<EvaluationData>,
  { control, logs, clock, report }: EvaluationJobDeps,
  { progress, stopped }: Task,
): Promise<Done | null> {
  const { id, data, parent: gatewayKey, createdAtMs } = entry;
  const finish = (
    outcome: (index: number) => Pick<EvaluationResult, 'state' | 'result' | 'totalLogs'>,
  ): Done['results'] =>
    data.results.map((result, index) => ({ ...result, ...outcome(index), modifiedAtMs: clock.nowMs() }));
  const snapshot = { gatewayKey, untilMs: createdAtMs, datasets: data.datasets };
  let totalLogs = 0;
  try {
    const evaluators = await Promise.all(data.results.map(({ typeId }) => createEvaluator(typeId, data.parameters)));
    const show = shower(evaluators, (record) => logs.get(gatewayKey, record.id));
    progress.of = await countLogs(logs, snapshot);
    for await (const { read, fresh } of datasetLogs(logs, snapshot)) {
      if (stopped() || (await control.evaluations.get(scopeOf(entry), id)) === null) return null;
      for (const record of fresh) await show(record);
      progress.logs += read;
      totalLogs += fresh.length;
    }
    const results = finish((index) => ({
      state: 'done',
      ...(evaluators[index]?.outcome() ?? { result: '', totalLogs: 0 }),
    }));
    return { processed: true, totalLogs, results };
  } catch (error) {
    report(error, 'an evaluation');
    return { processed: true, totalLogs: 0, results: finish(() => ({ state: 'failed', result: '', totalLogs: 0 })) };
  }
}

/** Shows a log to all evaluators, with its answer when one of them wants it. One body at a time is in memory. */
function shower(
  evaluators: readonly Evaluator[],
  read: (record: LogRecord) => ReturnType<LogStore['get']>,
): (record: LogRecord) => Promise<void> | void {
  const add = (record: LogRecord, answer: string | null) => {
    for (const evaluator of evaluators) evaluator.add(record, answer);
  };
  if (!evaluators.some(({ readsAnswers }) => readsAnswers)) return (record) => add(record, null);
  return async (record) => {
    const stored = await read(record);
    // Retention may have taken it since.
    add(record, stored === null ? null : answerText(stored));
  };
}

function scopeOf({ accountId, parent }: Entry<EvaluationData>) {
  return { accountId, parent };
}
