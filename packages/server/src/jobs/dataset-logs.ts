import { isoTime } from '../lib/index.ts';
import type { EvaluationData } from '../stores/control-ports.ts';
import type { LogRecord, LogStore } from '../stores/log-ports.ts';
import { type LogSpan, logPages } from './log-pages.ts';

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
    for await (const page of logPages(logs, queryOf(snapshot, data.filters))) {
      const fresh = seen === null ? page : page.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen?.add(id);
      yield { read: page.length, fresh };
    }
  }
}

function queryOf(
  { gatewayKey, untilMs }: Snapshot,
  filters: EvaluationData['datasets'][number]['data']['filters'],
): LogSpan {
  return {
    gatewayKey,
    filters: [...filters, { key: 'created_at', operator: 'lt', value: [isoTime(untilMs + 1)] }],
    orderBy: 'created_at',
    direction: 'asc',
    withStatistics: false,
  };
}
