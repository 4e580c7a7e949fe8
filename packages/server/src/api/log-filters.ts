import type { LogListQuery, WireLogFilter } from '@headgate/contract';
import type { LogFilter, LogFilterKey } from '../stores/log-ports.ts';
import { invalidAt } from './read-input.ts';

type Value = LogFilter['value'][number];
type ValueKind = 'text' | 'number' | 'boolean' | 'time';

const KINDS: Partial<Record<LogFilterKey, ValueKind>> = {
  created_at: 'time',
  success: 'boolean',
  cached: 'boolean',
  authentication: 'boolean',
  wholesale: 'boolean',
  compatibilityMode: 'boolean',
  cost: 'number',
  tokens: 'number',
  tokens_in: 'number',
  tokens_out: 'number',
  duration: 'number',
  feedback: 'number',
  status_code: 'number',
};

const OPERATORS: Record<ValueKind, readonly LogFilter['operator'][]> = {
  text: ['eq', 'neq', 'contains'],
  number: ['eq', 'neq', 'lt', 'gt'],
  boolean: ['eq', 'neq'],
  time: ['eq', 'neq', 'lt', 'gt'],
};

/**
 * Gives the values of filters their column's type: in the query string everything is text. `origin` is where errors
 * say that the filters came from.
 * @throws Refusal `apiValidation` for an operator or a value that the column can't have.
 */
export function typedFilters(filters: readonly WireLogFilter[] = [], origin: 'query' | 'body' = 'query'): LogFilter[] {
  return filters.map(({ key, operator, value }, index) => {
    const kind = KINDS[key] ?? 'text';
    if (!OPERATORS[kind].includes(operator)) {
      throw invalidAt(
        [origin, 'filters', index, 'operator'],
        `${key} can be compared by ${OPERATORS[kind].join(', ')}`,
      );
    }
    const typed = value.map((one, at) => {
      const converted = one === null ? null : convert(one, kind);
      const comparesNull = converted === null && operator !== 'eq' && operator !== 'neq';
      if (converted !== undefined && !comparesNull) return converted;
      throw invalidAt([origin, 'filters', index, 'value', at], `${key} needs a ${kind}`);
    });
    return { key, operator, value: typed };
  });
}

function convert(value: string | number | boolean, kind: ValueKind): Value | undefined {
  switch (kind) {
    case 'text':
      return String(value);
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
    }
    case 'boolean':
      return value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined;
    case 'time':
      return typeof value === 'boolean' ? undefined : isoTime(value);
    default:
      return kind satisfies never;
  }
}

function isoTime(value: string | number): string | undefined {
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** What makes an inclusive bound out of `gt` and `lt`: less than the smallest step of the column. */
const STEP = { cost: 1e-12, duration: 1e-6, tokens_in: 0.5, tokens_out: 0.5, tokens: 0.5 };
const PREFIXES = {
  cost: 'cost',
  duration: 'duration',
  tokens_in: 'tokens_in',
  tokens_out: 'tokens_out',
  tokens: 'total_tokens',
} as const;

/** The older list parameters as filters; their bounds are inclusive. */
export function filtersOfOldParameters(query: LogListQuery): LogFilter[] {
  const filters: LogFilter[] = [];
  for (const key of ['cached', 'success'] as const) {
    if (query[key] !== undefined) filters.push({ key, operator: 'eq', value: [query[key]] });
  }
  for (const key of ['model', 'model_type', 'provider', 'request_content_type', 'response_content_type'] as const) {
    if (query[key] !== undefined) filters.push({ key, operator: 'eq', value: [query[key]] });
  }
  if (query.feedback !== undefined) {
    // 0 was the word for "none given".
    filters.push({ key: 'feedback', operator: 'eq', value: query.feedback === 0 ? [0, null] : [query.feedback] });
  }
  for (const key of ['cost', 'duration', 'tokens_in', 'tokens_out', 'tokens'] as const) {
    const min = query[`min_${PREFIXES[key]}`];
    const max = query[`max_${PREFIXES[key]}`];
    if (min !== undefined) filters.push({ key, operator: 'gt', value: [min - STEP[key]] });
    if (max !== undefined) filters.push({ key, operator: 'lt', value: [max + STEP[key]] });
  }
  if (query.start_date !== undefined) filters.push(bound('start_date', query.start_date));
  if (query.end_date !== undefined) filters.push(bound('end_date', query.end_date));
  return filters;
}

function bound(name: 'start_date' | 'end_date', text: string): LogFilter {
  const time = new Date(text).getTime();
  if (Number.isNaN(time)) throw invalidAt(['query', name], 'Invalid input: expected an ISO 8601 time');
  return name === 'start_date'
    ? { key: 'created_at', operator: 'gt', value: [new Date(time - 1).toISOString()] }
    : { key: 'created_at', operator: 'lt', value: [new Date(time + 1).toISOString()] };
}
