import { BUCKET_BOUNDS_MS, BUCKETS, distributionOf } from '../../lib/index.ts';
import type { LogDimension, LogRecord, LogSummary, LogSummaryQuery } from '../log-ports.ts';

const DIMENSIONS: Record<LogDimension, (record: LogRecord) => string | number | boolean | null> = {
  provider: (r) => r.provider,
  model: (r) => r.model,
  model_type: (r) => r.modelType,
  request_type: (r) => r.requestType,
  user_agent: (r) => r.userAgent,
  wholesale: (r) => r.wholesale,
  outcome: (r) => r.outcome,
  status_code: (r) => r.statusCode,
  status_class: (r) => (r.statusCode < 100 || r.statusCode > 599 ? 'none' : `${String(r.statusCode)[0]}xx`),
  cached: (r) => r.cached,
};

interface Gathered {
  head: Pick<LogSummary, 'fromMs' | 'group'>;
  rows: LogRecord[];
}

/** Sums of `records` by group and span of time. */
export function summaryOf(
  records: LogRecord[],
  { groupBy, spanMs, withDistributions }: Pick<LogSummaryQuery, 'groupBy' | 'spanMs' | 'withDistributions'>,
): LogSummary[] {
  const groups = new Map<string, Gathered>();
  for (const record of records) {
    const fromMs = spanMs === null ? null : Math.floor(record.createdAtMs / spanMs) * spanMs;
    const group = Object.fromEntries(groupBy.map((dimension) => [dimension, DIMENSIONS[dimension](record)]));
    const key = JSON.stringify([fromMs, group]);
    const found: Gathered = groups.get(key) ?? { head: { fromMs, group }, rows: [] };
    groups.set(key, found);
    found.rows.push(record);
  }
  const summaries = [...groups.values()].map(({ head, rows }) => ({ ...head, ...sumsOf(rows, withDistributions) }));
  const byTime = (a: LogSummary, b: LogSummary) => (a.fromMs ?? 0) - (b.fromMs ?? 0);
  const byGroup = (a: LogSummary, b: LogSummary) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1);
  return summaries.sort((a, b) => byTime(a, b) || byGroup(a, b));
}

function sumsOf(rows: LogRecord[], withDistributions: boolean): Omit<LogSummary, 'fromMs' | 'group'> {
  const fromCache = rows.filter((row) => row.cached);
  const sum = (of: LogRecord[], read: (row: LogRecord) => number | null | undefined) =>
    of.reduce((total, row) => total + (read(row) ?? 0), 0);
  const money = (read: (row: LogRecord) => bigint | null) => rows.reduce((total, row) => total + (read(row) ?? 0n), 0n);
  return {
    requests: rows.length,
    errors: rows.filter((row) => row.outcome !== 'success').length,
    cached: fromCache.length,
    tokensIn: sum(rows, (row) => row.tokensIn),
    tokensOut: sum(rows, (row) => row.tokensOut),
    cachedTokensIn: sum(fromCache, (row) => row.tokensIn),
    cachedTokensOut: sum(fromCache, (row) => row.tokensOut),
    cacheReadTokens: sum(rows, (row) => row.usage?.cacheRead),
    cacheWriteTokens: sum(rows, (row) => row.usage?.cacheWrite),
    reasoningTokens: sum(rows, (row) => row.usage?.reasoning),
    costPico: money((row) => row.costPico),
    savedPico: money((row) => row.savedPico),
    durations: withDistributions ? distributionOf(bucketsOf(rows.map((row) => row.durationMs))) : null,
    latencies: withDistributions ? distributionOf(bucketsOf(rows.flatMap((row) => row.latencyMs ?? []))) : null,
  };
}

function bucketsOf(values: number[]): number[] {
  const counts = Array<number>(BUCKETS).fill(0);
  for (const value of values) {
    const bucket = BUCKET_BOUNDS_MS.findIndex((bound) => value <= bound);
    const index = bucket < 0 ? BUCKETS - 1 : bucket;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}
