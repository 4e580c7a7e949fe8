import { isoTime, type Clock } from '../lib/index.ts';
import type { PriceBooks } from '../pricing/index.ts';
import type { ControlStore, Entry, RepriceData } from '../stores/control-ports.ts';
import type { LogFilter, LogRecost, LogStore } from '../stores/log-ports.ts';
import { logPages } from './log-pages.ts';
import { newCost } from './new-cost.ts';
import { RepriceTally } from './reprice-tally.ts';

export interface RepriceJobDeps {
  control: Pick<ControlStore, 'reprices' | 'unfinishedReprices'>;
  logs: Pick<LogStore, 'list' | 'recost'>;
  prices: PriceBooks;
  clock: Clock;
  report: (error: unknown, context: string) => void;
}

/** What was counted so far, and how many rows there are; null: not known yet. */
export interface RepriceProgress {
  counted: Pick<RepriceData, 'total' | 'models'>;
  of: number | null;
}

export interface RepriceJob {
  /** Marks what an earlier process left running as interrupted. Call once, before `wake`. */
  recover(): Promise<void>;
  /** Works on everything that waits, one after the other. Returns at once. */
  wake(): void;
  /** Of the repricing with this id; null when it is not being worked on. */
  progress(id: string): RepriceProgress | null;
  /** Resolves when nothing is being worked on. */
  idle(): Promise<void>;
  /** Ends after the page of rows in hand; what is unfinished counts as interrupted. */
  stop(): Promise<void>;
}

const WRITE = { actor: { kind: 'system', id: 'reprice', name: 'repricing job' } } as const;

export function createRepriceJob(deps: RepriceJobDeps): RepriceJob {
  let running: Promise<void> | null = null;
  let current: { id: string; tally: RepriceTally; of: number | null } | null = null;
  let wanted = false;
  let stopped = false;

  async function run(): Promise<void> {
    while (wanted && !stopped) {
      wanted = false;
      for (const entry of await deps.control.unfinishedReprices()) {
        if (stopped) return;
        const task = { id: entry.id, tally: new RepriceTally(), of: null };
        current = task;
        await work(entry, deps, { ...task, counted: (rows) => setOf(task.id, rows), stopped: () => stopped });
        current = null;
      }
    }
  }
  function setOf(id: string, rows: number): void {
    if (current?.id === id) current.of = rows;
  }
  function wake(): void {
    wanted = true;
    if (stopped) return;
    running ??= run()
      .catch((error: unknown) => deps.report(error, 'repricing'))
      .finally(() => {
        running = null;
        current = null;
        // Asked for while the last one ended.
        if (wanted && !stopped) wake();
      });
  }
  async function interrupt(): Promise<void> {
    for (const entry of await deps.control.unfinishedReprices()) await finish(entry, deps, { state: 'interrupted' });
  }
  return {
    recover: interrupt,
    wake,
    progress: (id) => (current?.id === id ? { counted: current.tally.result(), of: current.of } : null),
    idle: async () => {
      while (running !== null) await running;
    },
    stop: async () => {
      stopped = true;
      await running;
      // Those that waited for their turn.
      await interrupt().catch((error: unknown) => deps.report(error, 'repricing'));
    },
  };
}

interface Task {
  tally: RepriceTally;
  counted: (rows: number) => void;
  stopped: () => boolean;
}

async function work(entry: Entry<RepriceData>, deps: RepriceJobDeps, task: Task): Promise<void> {
  try {
    const state = (await reprice(entry, deps, task)) ? 'done' : 'interrupted';
    await finish(entry, deps, { state, ...task.tally.result() });
  } catch (error) {
    deps.report(error, 'a repricing');
    const message = error instanceof Error ? error.message : String(error);
    await finish(entry, deps, { state: 'failed', error: message, ...task.tally.result() });
  }
}

/** False when it was stopped before the end. */
async function reprice(
  { accountId, parent: gatewayKey, data }: Entry<RepriceData>,
  { logs, prices }: RepriceJobDeps,
  { tally, counted, stopped }: Task,
): Promise<boolean> {
  const span = { gatewayKey, filters: timeFilters(data), orderBy: 'created_at', direction: 'asc' } as const;
  const query = { ...span, withStatistics: false };
  counted((await logs.list({ ...query, page: 1, perPage: 1 })).totalCount);
  for await (const page of logPages(logs, query)) {
    if (stopped()) return false;
    const changes: LogRecost[] = [];
    for (const record of page) {
      const cost = newCost(record, prices.of(accountId));
      tally.add(record, cost);
      if (cost !== null) changes.push({ id: record.id, ...cost });
    }
    if (changes.length > 0 && !data.dryRun) await logs.recost(gatewayKey, changes);
  }
  return true;
}

function timeFilters({ sinceMs, untilMs }: RepriceData): LogFilter[] {
  return [
    { key: 'created_at', operator: 'gt', value: [isoTime(sinceMs - 1)] },
    { key: 'created_at', operator: 'lt', value: [isoTime(untilMs)] },
  ];
}

/** Null when it was deleted in the meantime: then nobody asks for the report. */
async function finish(
  { accountId, parent, id }: Entry<RepriceData>,
  { control, clock }: RepriceJobDeps,
  result: Partial<RepriceData>,
): Promise<void> {
  await control.reprices.update({ accountId, parent }, id, {
    ...WRITE,
    to: ({ data }) => ({ data: { ...data, ...result, finishedAtMs: clock.nowMs() } }),
  });
}
