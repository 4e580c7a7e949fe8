import type { LogBill, LogRecord, LogRecost, MetadataValue } from '../log-ports.ts';

/**
 * Fields with few values: a segment keeps each combination once, and rows name it by number. They go in two groups,
 * what the caller brings and how the call ended, since the two vary by themselves.
 */
const PROFILE_FIELDS = {
  origin: [
    'accountId',
    'provider',
    'model',
    'modelAsked',
    'modelType',
    'method',
    'path',
    'requestType',
    'requestContentType',
    'customCost',
    'authentication',
    'wholesale',
    'byok',
    'compatibilityMode',
    'userAgent',
  ],
  ending: [
    'responseContentType',
    'statusCode',
    'outcome',
    'cached',
    'step',
    'dlpAction',
    'streamed',
    'finishReason',
    'payloadDropped',
    'limitsObserved',
    // At the end: segments of before do not have it.
    'usageSource',
    'zeroRetention',
  ],
} as const satisfies Record<Exclude<ProfileKind, 'bill'>, (keyof LogRecord)[]>;

export type ProfileKind = 'origin' | 'ending' | 'bill';

export interface Origin extends Pick<LogRecord, (typeof PROFILE_FIELDS.origin)[number]> {
  metadataKeys: string[] | null;
}

export interface Ending extends Pick<LogRecord, (typeof PROFILE_FIELDS.ending)[number]> {
  /** JSON of `usage` and `stages` with 0 for every number; the row has the numbers. */
  usageForm: string | null;
  stagesForm: string | null;
}

/** What the cost depends on beside the usage, and how it came about: with 0 for every number; the row has the numbers. */
type Bill = Pick<LogRecord, 'bill' | 'serviceTier' | 'billedRuns'>;

/** A row as it lies in the table `rows`, but for `seq` and with money as decimal text, which holds all 64 bits. */
export interface StoredRow {
  id: Uint8Array;
  /** Null when it is the id. */
  event: string | null;
  origin: number;
  ending: number;
  /** Profile of the bill, and its numbers. */
  bill: number;
  bill_numbers: string | null;
  created: number;
  duration: number;
  latency: number | null;
  request_size: number;
  response_size: number;
  tokens_in: number | null;
  tokens_out: number | null;
  cache_read: number | null;
  cache_write: number | null;
  reasoning: number | null;
  cost: string | null;
  saved: string | null;
  feedback: number | null;
  score: number | null;
  metadata: string | null;
  usage: string | null;
  stages: string | null;
  error: string | null;
}

/** A record on its way between threads: JSON has no bigint. */
export type PlainRecord = Omit<LogRecord, 'costPico' | 'savedPico'> & {
  costPico: string | null;
  savedPico: string | null;
};

/** A new cost on its way between threads. */
export type PlainRecost = Omit<LogRecost, 'costPico'> & { costPico: string | null };

export function toPlain(record: LogRecord): PlainRecord {
  const { costPico, savedPico } = record;
  return {
    ...record,
    costPico: costPico === null ? null : String(costPico),
    savedPico: savedPico === null ? null : String(savedPico),
  };
}

/** Splits a record into its row and its profiles (JSON, the same text for the same profile). */
export function encodeRow(record: PlainRecord): {
  row: Omit<StoredRow, ProfileKind>;
  profiles: Record<ProfileKind, string>;
} {
  const usage = takeNumbers(record.usage);
  const stages = takeNumbers(record.stages);
  const keys = record.metadata === null ? null : Object.keys(record.metadata);
  const origin = [keys, ...PROFILE_FIELDS.origin.map((field) => record[field])];
  const ending = [usage.form, stages.form, ...PROFILE_FIELDS.ending.map((field) => record[field])];
  const bill = encodeBill(record);
  const row = {
    id: idBytes(record.id) ?? new Uint8Array(16),
    event: record.eventId === record.id ? null : record.eventId,
    bill_numbers: bill.numbers,
    created: record.createdAtMs,
    duration: record.durationMs,
    latency: record.latencyMs,
    request_size: record.requestSize,
    response_size: record.responseSize,
    tokens_in: record.tokensIn,
    tokens_out: record.tokensOut,
    cache_read: record.usage?.cacheRead ?? null,
    cache_write: record.usage?.cacheWrite ?? null,
    reasoning: record.usage?.reasoning ?? null,
    cost: record.costPico,
    saved: record.savedPico,
    feedback: record.feedback,
    score: record.score,
    metadata: metadataValues(record.metadata),
    usage: usage.numbers,
    stages: stages.numbers,
    error: record.error === null ? null : JSON.stringify(record.error),
  };
  return { row, profiles: { origin: JSON.stringify(origin), ending: JSON.stringify(ending), bill: bill.form } };
}

export function decodeOrigin(json: string): Origin {
  return named(['metadataKeys', ...PROFILE_FIELDS.origin], json) as Origin;
}

export function decodeEnding(json: string): Ending {
  return named(['usageForm', 'stagesForm', ...PROFILE_FIELDS.ending], json) as Ending;
}

/** The form of a bill (the same text for the same form) and its numbers. */
export function encodeBill({ bill, serviceTier, billedRuns }: Bill): { form: string; numbers: string | null } {
  const { form, numbers } = takeNumbers({ bill, serviceTier, billedRuns });
  return { form: form ?? '', numbers: numbers === '' ? null : numbers };
}

export function decodeBill(form: string, numbers: string | null): Bill {
  return putNumbers(form, numbers) as Bill;
}

/** The same bill numbers and form with another bill in them. */
export function withBill(form: string, numbers: string | null, bill: LogBill | null): ReturnType<typeof encodeBill> {
  return encodeBill({ ...decodeBill(form, numbers), bill });
}

export function decodeRow(
  row: StoredRow,
  { origin, ending, bill, gatewayKey }: { origin: Origin; ending: Ending; bill: string; gatewayKey: string },
): LogRecord {
  const { metadataKeys, ...brought } = origin;
  const { usageForm, stagesForm, ...ended } = ending;
  const id = idText(row.id);
  const usage = putNumbers(usageForm, row.usage) as LogRecord['usage'];
  return {
    ...brought,
    ...ended,
    ...decodeBill(bill, row.bill_numbers),
    zeroRetention: ended.zeroRetention ?? null,
    usageSource: ended.usageSource ?? (usage === null ? null : 'provider'),
    id,
    eventId: row.event ?? id,
    gatewayKey,
    createdAtMs: row.created,
    durationMs: row.duration,
    latencyMs: row.latency,
    requestSize: row.request_size,
    responseSize: row.response_size,
    tokensIn: row.tokens_in,
    tokensOut: row.tokens_out,
    usage,
    costPico: row.cost === null ? null : BigInt(row.cost),
    savedPico: row.saved === null ? null : BigInt(row.saved),
    metadata: joinMetadata(metadataKeys, row.metadata),
    feedback: row.feedback,
    score: row.score,
    error: row.error === null ? null : JSON.parse(row.error),
    stages: putNumbers(stagesForm, row.stages) as LogRecord['stages'],
  };
}

/** The same origin (JSON) with other metadata keys. */
export function withMetadataKeys(origin: string, keys: string[] | null): string {
  const [, ...rest]: unknown[] = JSON.parse(origin);
  return JSON.stringify([keys, ...rest]);
}

export function metadataValues(metadata: Record<string, MetadataValue> | null): string | null {
  return metadata === null ? null : JSON.stringify(Object.values(metadata));
}

/** Whether it is a UUID in canonical lower-case text. */
export function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

/** The 16 bytes of a UUID in canonical lower-case text, else null. */
export function idBytes(id: string): Uint8Array | null {
  if (!isUuid(id)) return null;
  return Uint8Array.fromHex(id.replaceAll('-', ''));
}

export function idText(bytes: Uint8Array): string {
  const hex = bytes.toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function takeNumbers(value: object | null): { form: string | null; numbers: string | null } {
  if (value === null) return { form: null, numbers: null };
  const numbers: number[] = [];
  return { form: formOf(value, numbers), numbers: numbers.join() };
}

/** JSON of the value with 0 for every number, which go into `numbers`. Runs for every row: makes no objects in between. */
function formOf(value: unknown, numbers: number[]): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'number':
      numbers.push(value);
      return '0';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      return JSON.stringify(value) ?? 'null';
  }
  let form = '';
  if (Array.isArray(value)) {
    for (const item of value) form += `${form === '' ? '' : ','}${formOf(item, numbers)}`;
    return `[${form}]`;
  }
  for (const key in value) {
    form += `${form === '' ? '' : ','}${quoted(key)}:${formOf((value as Record<string, unknown>)[key], numbers)}`;
  }
  return `{${form}}`;
}

const QUOTED = new Map<string, string>();

/** Names of members are few, but for those that providers make up. */
function quoted(name: string): string {
  const known = QUOTED.get(name);
  if (known !== undefined) return known;
  const json = JSON.stringify(name);
  if (QUOTED.size < 1000) QUOTED.set(name, json);
  return json;
}

function putNumbers(form: string | null, numbers: string | null): unknown {
  if (form === null) return null;
  const values = (numbers ?? '').split(',');
  let next = 0;
  return JSON.parse(form, (_key, item: unknown) => (item === 0 ? Number(values[next++]) : item));
}

function joinMetadata(keys: string[] | null, values: string | null): LogRecord['metadata'] {
  if (keys === null || values === null) return null;
  const list: MetadataValue[] = JSON.parse(values);
  return Object.fromEntries(keys.map((key, i) => [key, list[i] ?? '']));
}

function named(names: readonly string[], json: string): unknown {
  const values: unknown[] = JSON.parse(json);
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]));
}
