import type { LogDimension, LogRecord, LogSummary } from '../ports.ts';

const DIMENSIONS: Record<LogDimension, (record: LogRecord) => string | number | boolean | null> = {
  provider: (r) => r.provider,
  model: (r) => r.model,
  model_type: (r) => r.modelType,
  request_type: (r) => r.requestType,
  user_agent: (r) => r.userAgent,
  wholesale: (r) => r.wholesale,
  outcome: (r) => r.outcome,
  status_code: (r) => r.statusCode,
  cached: (r) => r.cached,
};

/** Sums of `records` by group and span of time. */
export function summaryOf(records: LogRecord[], groupBy: LogDimension[], spanMs: number | null): LogSummary[] {
  const summaries = new Map<string, LogSummary>();
  for (const record of records) {
    const fromMs = spanMs === null ? null : Math.floor(record.createdAtMs / spanMs) * spanMs;
    const group = Object.fromEntries(groupBy.map((dimension) => [dimension, DIMENSIONS[dimension](record)]));
    const key = JSON.stringify([fromMs, group]);
    const summary = summaries.get(key) ?? { fromMs, group, ...NOTHING };
    summaries.set(key, plus(summary, record));
  }
  const byTime = (a: LogSummary, b: LogSummary) => (a.fromMs ?? 0) - (b.fromMs ?? 0);
  const byGroup = (a: LogSummary, b: LogSummary) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1);
  return [...summaries.values()].sort((a, b) => byTime(a, b) || byGroup(a, b));
}

const NOTHING = {
  requests: 0,
  errors: 0,
  cached: 0,
  tokensIn: 0,
  tokensOut: 0,
  cachedTokensIn: 0,
  cachedTokensOut: 0,
  costPico: 0n,
};

function plus(summary: LogSummary, { outcome, cached, tokensIn, tokensOut, costPico }: LogRecord): LogSummary {
  return {
    ...summary,
    requests: summary.requests + 1,
    errors: summary.errors + (outcome === 'success' ? 0 : 1),
    cached: summary.cached + (cached ? 1 : 0),
    tokensIn: summary.tokensIn + (tokensIn ?? 0),
    tokensOut: summary.tokensOut + (tokensOut ?? 0),
    cachedTokensIn: summary.cachedTokensIn + (cached ? (tokensIn ?? 0) : 0),
    cachedTokensOut: summary.cachedTokensOut + (cached ? (tokensOut ?? 0) : 0),
    costPico: summary.costPico + (costPico ?? 0n),
  };
}
