import type { LogFilter, LogFilterKey, LogOrder, LogRecord, LogSelection } from '../log-ports.ts';

type Comparable = string | number | null;
type FilterValue = LogFilter['value'][number];

/** What a filter key looks at; more than one value only for metadata. Missing is null. */
const FIELDS: Record<LogFilterKey, (record: LogRecord) => Comparable[]> = {
  id: (r) => [r.id],
  created_at: (r) => [r.createdAtMs],
  request_content_type: (r) => [r.requestContentType],
  response_content_type: (r) => [r.responseContentType],
  request_type: (r) => [r.requestType],
  success: (r) => [r.outcome === 'success' ? 1 : 0],
  cached: (r) => [Number(r.cached)],
  provider: (r) => [r.provider],
  model: (r) => [r.model],
  model_type: (r) => [r.modelType],
  cost: (r) => [r.costPico === null ? null : Number(r.costPico)],
  tokens: (r) => [totalTokens(r)],
  tokens_in: (r) => [r.tokensIn],
  tokens_out: (r) => [r.tokensOut],
  duration: (r) => [r.durationMs],
  feedback: (r) => [r.feedback],
  event_id: (r) => [r.eventId],
  'metadata.key': (r) => orMissing(Object.keys(r.metadata ?? {})),
  'metadata.value': (r) => orMissing(Object.values(r.metadata ?? {}).map(String)),
  authentication: (r) => [Number(r.authentication)],
  wholesale: (r) => [Number(r.wholesale)],
  compatibilityMode: (r) => [Number(r.compatibilityMode)],
  dlp_action: (r) => [r.dlpAction],
  user_agent: (r) => [r.userAgent],
  status_code: (r) => [r.statusCode],
  outcome: (r) => [r.outcome],
};

const NUMERIC = new Set<LogFilterKey>([
  ...(['success', 'cached', 'authentication', 'wholesale', 'compatibilityMode'] as const),
  ...(['tokens', 'tokens_in', 'tokens_out', 'duration', 'feedback', 'status_code', 'cost', 'created_at'] as const),
]);

const ORDER_FIELDS: Record<LogOrder, LogFilterKey> = {
  created_at: 'created_at',
  provider: 'provider',
  model: 'model',
  model_type: 'model_type',
  success: 'success',
  cached: 'cached',
  cost: 'cost',
  tokens_in: 'tokens_in',
  tokens_out: 'tokens_out',
  duration: 'duration',
  feedback: 'feedback',
};

/** Input plus output; null only when both are unknown. */
export function totalTokens(record: LogRecord): number | null {
  if (record.tokensIn === null && record.tokensOut === null) return null;
  return (record.tokensIn ?? 0) + (record.tokensOut ?? 0);
}

/** Whether all filters and the search hold. */
export function isSelected(record: LogRecord, selection: LogSelection): boolean {
  return selection.filters.every((filter) => holds(record, filter)) && isFound(record, selection.search ?? '');
}

/** The selection's order: missing values last in both directions, ties by id in the same direction. */
export function inOrder(selection: LogSelection): (a: LogRecord, b: LogRecord) => number {
  const field = FIELDS[ORDER_FIELDS[selection.orderBy]];
  const sign = selection.direction === 'asc' ? 1 : -1;
  return (a, b) => {
    const [x = null, y = null] = [field(a)[0], field(b)[0]];
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1;
    } else if (x !== y) {
      return x < y ? -sign : sign;
    }
    return a.id < b.id ? -sign : a.id > b.id ? sign : 0;
  };
}

function holds(record: LogRecord, { key, operator, value }: LogFilter): boolean {
  const found = FIELDS[key](record);
  const wanted = value.map((v) => (NUMERIC.has(key) ? toNumber(key, v) : v === null ? null : String(v)));
  const any = (test: (x: Comparable, y: Comparable) => boolean) => found.some((x) => wanted.some((y) => test(x, y)));
  switch (operator) {
    case 'eq':
      return any((x, y) => x === y);
    case 'neq':
      return !any((x, y) => x === y);
    case 'contains':
      return any((x, y) =>
        typeof x === 'string' && typeof y === 'string' ? x.toLowerCase().includes(y.toLowerCase()) : x === y,
      );
    case 'lt':
      return any((x, y) => x !== null && y !== null && x < y);
    case 'gt':
      return any((x, y) => x !== null && y !== null && x > y);
  }
}

/** Null stands for missing; NaN equals nothing, so a value that is no number matches no row. */
function toNumber(key: LogFilterKey, value: FilterValue): number | null {
  if (value === null || value === '') return null;
  if (key === 'created_at') return typeof value === 'number' ? value : Date.parse(String(value));
  if (/^(true|false)$/i.test(String(value))) return /^true$/i.test(String(value)) ? 1 : 0;
  const number = Number(value);
  return key === 'cost' ? Math.round(number * 1e12) : number;
}

function isFound(record: LogRecord, search: string): boolean {
  const { id, eventId, provider, model, path, userAgent, metadata } = record;
  const texts = [id, eventId, provider, model, path, userAgent ?? '', ...Object.entries(metadata ?? {}).flat()];
  return texts.some((text) => String(text).toLowerCase().includes(search.toLowerCase()));
}

function orMissing(values: string[]): Comparable[] {
  return values.length === 0 ? [null] : values;
}
