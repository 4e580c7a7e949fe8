/** The port of the log: rows, bodies, queries, sums. Adapters implement it; `compose.ts` chooses. No SQL words here. */
import type { LOG_DIMENSIONS, LOG_FILTER_FIELDS, LOG_ORDER_FIELDS } from '@headgate/contract';
import type { Usage } from '../formats/index.ts';
import type { Distribution } from '../lib/index.ts';

/** How a call ended. `success` is the only good one. */
export type Outcome = 'success' | 'error' | 'cancelled' | 'truncated' | 'refused';

/**
 * Where a row's counters come from. `provider`: its answer reported them; `estimated`: it reported none, and they were
 * counted from prompt and answer; `relayed`: it was cut off before it did, and they were counted from what had come.
 */
export type UsageSource = 'provider' | 'estimated' | 'relayed';

/** `forwarded`: the provider was asked not to keep request and answer; `unsupported`: it has no switch for that. */
export type ZeroRetention = 'forwarded' | 'unsupported';

export type MetadataValue = string | number | boolean;

/** One line of a bill: so many units at a price. */
export interface LogBillLine {
  /** The name of a rate, e.g. `input`, `cacheRead`. */
  component: string;
  units: number;
  /** Pico-dollars for one unit, exactly: a decimal, or `n/d` where that has no end. */
  unitPrice: string;
}

/** How a cost came about. Each line is rounded half up to whole pico-dollars; their sum is the cost. */
export interface LogBill {
  source: 'list' | 'override' | 'custom';
  /** The day of the price list, or the version of the account's own price; null for the client's own. */
  version: string | null;
  lines: LogBillLine[];
}

/** One attempt of one call, as it is stored and read back. Times are milliseconds, sizes bytes, money pico-dollars. */
export interface LogRecord {
  /** UUIDv7 made when the call came in: its time is `createdAtMs`, so an id finds its segment. */
  id: string;
  /** Ties the attempts of one call together. */
  eventId: string;
  accountId: string;
  /** The gateway's internal id (a recreated gateway of the same name has another one). */
  gatewayKey: string;
  createdAtMs: number;
  /** From the first byte of the request to the last byte of the answer. */
  durationMs: number;
  /** To the first byte of the provider's answer; null when none came. */
  latencyMs: number | null;
  provider: string;
  /** What the provider says it served, else what was asked for; empty when neither is known. */
  model: string;
  modelAsked: string;
  /** e.g. `chat`, `embeddings`, `image`; null when unknown. */
  modelType: string | null;
  method: string;
  /** Provider path with query; keys in the query are masked. */
  path: string;
  /** The surface: `native`, `universal` … */
  requestType: string;
  requestContentType: string | null;
  responseContentType: string | null;
  requestSize: number;
  responseSize: number;
  /** Status sent to the client; for a client that left before one was sent 499. */
  statusCode: number;
  outcome: Outcome;
  cached: boolean;
  step: number;
  tokensIn: number | null;
  tokensOut: number | null;
  usage: Usage | null;
  /** Null where there is no usage. */
  usageSource: UsageSource | null;
  /** Null: not known. */
  costPico: bigint | null;
  /** Null where the cost is not known (unless the client has its own prices), and for answers from the cache. */
  bill: LogBill | null;
  /** Of a row out of the cache: what its answer would have cost. Null for all others, and where that is not known. */
  savedPico: bigint | null;
  customCost: boolean;
  /** The provider's word for how it served the call, in lower case; null: none. */
  serviceTier: string | null;
  /** What the provider bills, where that is not `usage` on `model` (model null); the answer's own run comes first. */
  billedRuns: { model: string | null; usage: Usage }[] | null;
  metadata: Record<string, MetadataValue> | null;
  authentication: boolean;
  wholesale: boolean;
  byok: boolean;
  compatibilityMode: boolean;
  /** -1, 1, or null for none. */
  feedback: number | null;
  score: number | null;
  userAgent: string | null;
  dlpAction: string | null;
  /** The gateway's own error, or what broke. */
  error: { code: number | string | null; message: string } | null;
  streamed: boolean;
  finishReason: string | null;
  /** Bodies were left out although wanted: over the size cap, or memory was short. */
  payloadDropped: boolean;
  /** Ids of spend rules in mode `observe` that would have refused the attempt; null for none. */
  limitsObserved: readonly string[] | null;
  /** Null where nobody wanted it, or nothing was sent to a provider. */
  zeroRetention: ZeroRetention | null;
  /** Own time by stage in milliseconds, for the log's `timings`. */
  stages: Record<string, number> | null;
}

/** Bodies as they went over the wire, content coding undone. Null: not kept. */
export interface LogBodies {
  request: Uint8Array | null;
  response: Uint8Array | null;
  /** Streams only: the reassembled text, shown as `response_head`. */
  responseText: string | null;
}

export interface StoredLog {
  record: LogRecord;
  /** Null when no bodies are kept for this row. */
  bodies: LogBodies | null;
}

export type LogFilterKey = (typeof LOG_FILTER_FIELDS)[number];

export interface LogFilter {
  key: LogFilterKey;
  operator: 'eq' | 'neq' | 'contains' | 'lt' | 'gt';
  /** Alternatives: the filter holds when it holds for one of them (`neq`: for none equal). `created_at` in ISO 8601, cost in dollars. */
  value: (string | number | boolean | null)[];
}

export type LogOrder = (typeof LOG_ORDER_FIELDS)[number];

export interface LogSelection {
  gatewayKey: string;
  /** All must hold. */
  filters: LogFilter[];
  /** Free text, found in id, event id, provider, model, path, user agent and metadata. */
  search?: string;
  orderBy: LogOrder;
  direction: 'asc' | 'desc';
}

export interface LogQuery extends LogSelection {
  /** From 1. */
  page: number;
  perPage: number;
  /** Adds `statistics`. */
  withStatistics: boolean;
}

export interface LogStatistics {
  minCostPico: bigint | null;
  maxCostPico: bigint | null;
  minDurationMs: number | null;
  maxDurationMs: number | null;
  minTokensIn: number | null;
  maxTokensIn: number | null;
  minTokensOut: number | null;
  maxTokensOut: number | null;
  minTotalTokens: number | null;
  maxTotalTokens: number | null;
}

export interface LogPage {
  rows: LogRecord[];
  /** Exact number of rows that match. */
  totalCount: number;
  statistics: LogStatistics | null;
}

export interface LogChange {
  feedback?: number | null;
  score?: number | null;
  metadata?: Record<string, MetadataValue> | null;
}

/** A cost that was worked out anew. */
export interface LogRecost {
  id: string;
  costPico: bigint | null;
  bill: LogBill | null;
}

/** By what a summary can be split. `status_class` is `1xx` to `5xx`, or `none` for a status outside of them. */
export type LogDimension = (typeof LOG_DIMENSIONS)[number];

export interface LogSummaryQuery {
  gatewayKey: string;
  /** All must hold; `created_at` sets the range of time. */
  filters: LogFilter[];
  groupBy: LogDimension[];
  /** Also by time, in spans of so many milliseconds counted from 1970; null: not by time. */
  spanMs: number | null;
  /** Adds `durations` and `latencies`. */
  withDistributions: boolean;
  /** Most summaries; null: as many as there are. */
  limit: number | null;
}

/** Sums over the rows (attempts, not calls) of one group. Unknown counters and costs add nothing. */
export interface LogSums {
  requests: number;
  /** Rows whose outcome is not `success`. */
  errors: number;
  /** Rows answered from the cache, and their part of the tokens. */
  cached: number;
  tokensIn: number;
  tokensOut: number;
  cachedTokensIn: number;
  cachedTokensOut: number;
  /** The provider's own counters: read from and written to its prompt cache, and spent on reasoning. */
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  costPico: bigint;
  /** What rows answered from the cache would have cost. */
  savedPico: bigint;
  /** Of `durationMs` and of `latencyMs`; null when not asked for. */
  durations: Distribution | null;
  latencies: Distribution | null;
}

export interface LogSummary extends LogSums {
  /** Start of the span in milliseconds; null when not split by time. */
  fromMs: number | null;
  /** The group's value of each dimension asked for. */
  group: Partial<Record<LogDimension, string | number | boolean | null>>;
}

/** Retention of one gateway. The oldest rows are those stored first. */
export interface LogRetention {
  /** Most rows kept. */
  limit: number;
  strategy: 'STOP_INSERTING' | 'DELETE_OLDEST';
}

export interface LogStoreHealth {
  /** Rows accepted and not yet committed. */
  queuedRows: number;
  queuedBytes: number;
  /** Rows or bodies dropped because the queue was full, since start. */
  droppedRows: number;
  droppedBodies: number;
  /** Segments that were damaged and set aside at start or later. */
  damagedSegments: { file: string; reason: string }[];
  /** Last failure to write, e.g. a full disk; null when the last write succeeded. */
  lastError: string | null;
}

export interface LogStore {
  /**
   * Queues one row. The promise resolves when the row is committed (survives SIGKILL); callers that need only the
   * relaxed rule do not await it. Never rejects: a failed write shows in `health()`.
   * `retention` is the gateway's rule at the time of the call.
   */
  append(record: LogRecord, bodies: LogBodies | null, retention: LogRetention | null): Promise<void>;
  list(query: LogQuery): Promise<LogPage>;
  /**
   * Exact sums of the rows that are stored now, by time, then by the group's values as JSON. Null when there would be
   * more than `limit`.
   */
  summarize(query: LogSummaryQuery): Promise<LogSummary[] | null>;
  get(gatewayKey: string, id: string): Promise<StoredLog | null>;
  /** Changes the given fields; null clears. Returns the new row, or null when there is none. */
  patch(gatewayKey: string, id: string, change: LogChange): Promise<LogRecord | null>;
  /** Sets cost and bill of rows. Ids that are not there are passed over; returns how many were. */
  recost(gatewayKey: string, changes: readonly LogRecost[]): Promise<number>;
  /** Deletes the first `limit` rows of the selection's order (all when absent). Returns how many went. */
  delete(selection: LogSelection, limit?: number): Promise<number>;
  /** Drops everything of one gateway. */
  dropGateway(gatewayKey: string): Promise<void>;
  health(): LogStoreHealth;
  /** Resolves when everything queued before is committed. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
