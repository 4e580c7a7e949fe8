/** What is asked of the log: every filter, every order, some pages; and sums. */
import { LOG_DIMENSIONS, LOG_ORDER_FIELDS } from '@headgate/contract';
import type { LogFilter, LogQuery, LogRecord, LogSummaryQuery } from '../packages/server/src/stores/log-ports.ts';
import { DAY_MS, FIRST_MS, SPAN_MS } from './log-rows.ts';

export const HOUR_MS = 3_600_000;

/** Pages, by name; `some`: a row that is there. */
export function* cases(some: LogRecord): Generator<[string, Partial<LogQuery>]> {
  yield ['newest page', {}];
  yield ['page 1000', { page: 1000 }];
  yield ['newest page with statistics', { withStatistics: true }];
  for (const filter of filters(some)) {
    yield [`${filter.key} ${filter.operator} ${JSON.stringify(filter.value)}`.slice(0, 57), { filters: [filter] }];
  }
  const openai: LogFilter = { key: 'provider', operator: 'eq', value: ['openai'] };
  const dear: LogFilter = { key: 'cost', operator: 'gt', value: [0.01] };
  yield ['provider and cost, with statistics', { filters: [openai, dear], withStatistics: true }];
  yield ['search: a common word', { search: 'SUPPORT' }];
  yield ['search: nothing', { search: 'no such thing' }];
  for (const orderBy of LOG_ORDER_FIELDS) {
    yield [`order by ${orderBy} asc`, { orderBy, direction: 'asc' }];
    yield [`order by ${orderBy} desc`, { orderBy, direction: 'desc' }];
  }
  yield ['order by cost desc, provider filter', { orderBy: 'cost', filters: [openai] }];
}

function filters({ id, eventId }: LogRecord): LogFilter[] {
  const middle = new Date(FIRST_MS + SPAN_MS / 2).toISOString();
  return [
    { key: 'id', operator: 'eq', value: [id] },
    { key: 'id', operator: 'contains', value: [id.slice(24)] },
    { key: 'created_at', operator: 'gt', value: [middle] },
    { key: 'request_content_type', operator: 'contains', value: ['json'] },
    { key: 'response_content_type', operator: 'contains', value: ['event-stream'] },
    { key: 'request_type', operator: 'eq', value: ['universal'] },
    { key: 'success', operator: 'eq', value: [false] },
    { key: 'cached', operator: 'eq', value: [true] },
    { key: 'provider', operator: 'eq', value: ['openai', 'groq'] },
    { key: 'provider', operator: 'neq', value: ['openai'] },
    { key: 'model', operator: 'contains', value: ['LLAMA'] },
    { key: 'model_type', operator: 'eq', value: ['embeddings'] },
    { key: 'cost', operator: 'gt', value: [0.01] },
    { key: 'cost', operator: 'eq', value: [null] },
    { key: 'tokens', operator: 'gt', value: [20_000] },
    { key: 'tokens_in', operator: 'lt', value: [100] },
    { key: 'tokens_out', operator: 'gt', value: [1500] },
    { key: 'duration', operator: 'gt', value: [20_000] },
    { key: 'feedback', operator: 'eq', value: [-1] },
    { key: 'event_id', operator: 'eq', value: [eventId] },
    { key: 'event_id', operator: 'contains', value: [eventId.slice(26)] },
    { key: 'metadata.key', operator: 'eq', value: ['user'] },
    { key: 'metadata.value', operator: 'eq', value: ['user-123'] },
    { key: 'metadata.value', operator: 'contains', value: ['PLAT'] },
    { key: 'metadata.value', operator: 'neq', value: ['search'] },
    { key: 'authentication', operator: 'eq', value: [false] },
    { key: 'wholesale', operator: 'eq', value: [true] },
    { key: 'compatibilityMode', operator: 'eq', value: [true] },
    { key: 'dlp_action', operator: 'eq', value: ['BLOCK'] },
    { key: 'user_agent', operator: 'contains', value: ['python'] },
    { key: 'status_code', operator: 'gt', value: [399] },
    { key: 'outcome', operator: 'neq', value: ['success'] },
  ];
}

/** Sums over everything by one dimension each: what a page of filters shows. */
export function* facets(): Generator<[string, Partial<LogSummaryQuery>]> {
  for (const dimension of LOG_DIMENSIONS) yield [dimension, { groupBy: [dimension] }];
}

/** Sums by time. */
export function* summaries(): Generator<[string, Partial<LogSummaryQuery>]> {
  const since = (ms: number): LogFilter => ({
    key: 'created_at',
    operator: 'gt',
    value: [new Date(ms - 1).toISOString()],
  });
  const end = FIRST_MS + SPAN_MS;
  const byHour = { spanMs: HOUR_MS };
  yield ['30 days by hour', byHour];
  yield ['30 days by hour, with percentiles', { ...byHour, withDistributions: true }];
  yield ['30 days by hour, provider, model, outcome', { ...byHour, groupBy: ['provider', 'model', 'outcome'] }];
  yield ['30 days by day, model, with percentiles', { spanMs: DAY_MS, groupBy: ['model'], withDistributions: true }];
  yield [
    '30 days by hour, of one provider',
    { ...byHour, filters: [{ key: 'provider', operator: 'eq', value: ['openai'] }] },
  ];
  yield ['all in one', {}];
  yield ['last day by hour', { ...byHour, filters: [since(end - DAY_MS)] }];
  yield [
    'the last 10 days and 25 minutes, by day',
    { spanMs: DAY_MS, filters: [since(end - 10 * DAY_MS - 1_500_000)] },
  ];
  yield ['last day by minute, from rows', { spanMs: 60_000, filters: [since(end - DAY_MS)] }];
  yield [
    '30 days by day of one team, from rows',
    { spanMs: DAY_MS, filters: [{ key: 'metadata.value', operator: 'eq', value: ['search'] }] },
  ];
}
