import type { EvaluationData } from '../stores/control-ports.ts';
import type { LogFilter, LogQuery, LogRecord, LogStore } from '../stores/ports.ts';

const LOGS_PER_PAGE = 500;

/** A snapshot: the logs of a gateway up to a time. */
export interface Snapshot {
  gatewayKey: string;
  /** Inclusive. */
  untilMs: number;
  datasets: EvaluationData['datasets'];
}

type Logs = Pick<LogStore, 'list'>;

/** How many logs `datasetLogs` will go through, those in several datasets counted once for each. */
export async function countLogs(logs: Logs, snapshot: Snapshot): Promise<number> {
  let count = 0;
  for (const { data } of snapshot.datasets) {
    count += (await logs.list({ ...queryOf(snapshot, data.filters), page: 1, perPage: 1 })).totalCount;
  }
  return count;
}

/** The logs of all datasets, in pages; `fresh` are those that no dataset before had. */
export async function* datasetLogs(
  logs: Logs,
  snapshot: Snapshot,
): AsyncGenerator<{ read: number; fresh: LogRecord[] }> {
  const seen = snapshot.datasets.length > 1 ? new Set<string>() : null;
  for (const { data } of snapshot.datasets) {
    for await (const page of pages(logs, queryOf(snapshot, data.filters))) {
      const fresh = seen === null ? page : page.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen?.add(id);
      yield { read: page.length, fresh };
    }
  }
}

type Query = Omit<LogQuery, 'page' | 'perPage'>;

function queryOf(
  { gatewayKey, untilMs }: Snapshot,
  filters: EvaluationData['datasets'][number]['data']['filters'],
): Query {
  return {
    gatewayKey,
    filters: [...filters, { key: 'created_at', operator: 'lt', value: [isoTime(untilMs + 1)] }],
    orderBy: 'created_at',
    direction: 'asc',
    withStatistics: false,
  };
}

/**
 * All rows in the order of time. Each page begins at the time of the last row before it: a store finds that at once,
 * while counting through all earlier pages would take ever longer.
 */
async function* pages(logs: Logs, query: Query): AsyncGenerator<LogRecord[]> {
  let fromMs = Number.NEGATIVE_INFINITY;
  let page = 1;
  /** Rows at `fromMs` that an earlier page had. */
  let had = new Set<string>();
  for (;;) {
    const filters = fromMs === Number.NEGATIVE_INFINITY ? query.filters : [...query.filters, since(fromMs)];
    const { rows } = await logs.list({ ...query, filters, page, perPage: LOGS_PER_PAGE });
    yield rows.filter(({ id }) => !had.has(id));
    const last = rows.at(-1);
    if (last === undefined || rows.length < LOGS_PER_PAGE) return;
    if (last.createdAtMs === fromMs) {
      page++;
      continue;
    }
    fromMs = last.createdAtMs;
    page = 1;
    had = new Set(rows.filter(({ createdAtMs }) => createdAtMs === fromMs).map(({ id }) => id));
  }
}

function since(ms: number): LogFilter {
  return { key: 'created_at', operator: 'gt', value: [isoTime(ms - 1)] };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
