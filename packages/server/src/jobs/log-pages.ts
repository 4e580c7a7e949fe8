import { isoTime } from '../lib/index.ts';
import type { LogFilter, LogQuery, LogRecord, LogStore } from '../stores/log-ports.ts';

const LOGS_PER_PAGE = 500;

export type LogSpan = Omit<LogQuery, 'page' | 'perPage'>;

/**
 * All rows in the order of time. Each page begins at the time of the last row before it: a store finds that at once,
 * while counting through all earlier pages would take ever longer.
 */
export async function* logPages(logs: Pick<LogStore, 'list'>, query: LogSpan): AsyncGenerator<LogRecord[]> {
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
