import { emptyUsage, type Usage } from '../../formats/index.ts';
import type {
  LogFilter,
  LogFilterKey,
  LogPage,
  LogQuery,
  LogRecord,
  LogSelection,
  LogStore,
  LogSummaryQuery,
} from '../log-ports.ts';

/** A time from which test rows count, in milliseconds. */
export const START_MS = Date.UTC(2026, 0, 15, 12);

/** A UUIDv7 of the given time; `n` keeps ids of one millisecond apart and in order. */
export function logId(createdAtMs: number, n = 0): string {
  const time = createdAtMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** A complete record; the id and the event id follow from `createdAtMs` unless given. */
export function logRecord(fields: Partial<LogRecord> = {}): LogRecord {
  const createdAtMs = fields.createdAtMs ?? START_MS;
  const id = fields.id ?? logId(createdAtMs);
  return {
    id,
    eventId: id,
    accountId: 'local',
    gatewayKey: 'gateway-1',
    createdAtMs,
    durationMs: 100,
    latencyMs: 40,
    provider: 'openai',
    model: 'gpt-5-mini',
    modelAsked: 'gpt-5-mini',
    modelType: 'chat',
    method: 'POST',
    path: 'chat/completions',
    requestType: 'native',
    requestContentType: 'application/json',
    responseContentType: 'application/json',
    requestSize: 512,
    responseSize: 2048,
    statusCode: 200,
    outcome: 'success',
    cached: false,
    step: 0,
    tokensIn: null,
    tokensOut: null,
    usage: null,
    costPico: null,
    bill: null,
    serviceTier: null,
    billedRuns: null,
    savedPico: null,
    customCost: false,
    metadata: null,
    authentication: true,
    wholesale: false,
    byok: true,
    compatibilityMode: false,
    feedback: null,
    score: null,
    userAgent: null,
    dlpAction: null,
    error: null,
    streamed: false,
    finishReason: null,
    payloadDropped: false,
    limitsObserved: null,
    zeroRetention: null,
    stages: null,
    usageSource: fields.usage == null ? null : 'provider',
    ...fields,
  };
}

/** Usage with the given counters, the rest unknown. */
export function usageOf(fields: Partial<Usage>): Usage {
  return { ...emptyUsage(), ...fields };
}

/** Everything of `gateway-1`, newest first, unless said otherwise. */
export function selection(fields: Partial<LogSelection> = {}): LogSelection {
  return { gatewayKey: 'gateway-1', filters: [], orderBy: 'created_at', direction: 'desc', ...fields };
}

/** Sums of everything of `gateway-1` in one, unless said otherwise. */
export function summaryQuery(fields: Partial<LogSummaryQuery> = {}): LogSummaryQuery {
  return {
    ...{ gatewayKey: 'gateway-1', filters: [], groupBy: [], spanMs: null, withDistributions: false, limit: null },
    ...fields,
  };
}

export function query(fields: Partial<LogQuery> = {}): LogQuery {
  return { ...selection(), page: 1, perPage: 50, withStatistics: false, ...fields };
}

export function filter(
  key: LogFilterKey,
  operator: LogFilter['operator'],
  ...value: LogFilter['value']
): Pick<LogSelection, 'filters'> {
  return { filters: [{ key, operator, value }] };
}

/** Appends rows one millisecond apart, each with its own id, and waits until they are committed. */
export async function appendAll(store: LogStore, rows: Partial<LogRecord>[]): Promise<LogRecord[]> {
  const records = rows.map((row, i) => logRecord({ createdAtMs: START_MS + i, ...row }));
  for (const record of records) void store.append(record, null, null);
  await store.flush();
  return records;
}

/** Event ids of a page: tests name their rows by them. */
export function names(page: LogPage): string[] {
  return page.rows.map((row) => row.eventId);
}
