import type {
  LogBodies,
  LogChange,
  LogPage,
  LogQuery,
  LogRecord,
  LogRecost,
  LogRetention,
  LogSelection,
  LogStatistics,
  LogStore,
  LogStoreHealth,
  LogSummary,
  LogSummaryQuery,
  StoredLog,
} from '../log-ports.ts';
import { inOrder, isSelected, totalTokens } from './matching.ts';
import { summaryOf } from './summary.ts';

/** A `LogStore` that keeps everything in arrays, in the order of arrival, and scans them. */
export function openMemoryLogStore(): LogStore {
  return new MemoryLogStore();
}

class MemoryLogStore implements LogStore {
  readonly #gateways = new Map<string, StoredLog[]>();

  async append(record: LogRecord, bodies: LogBodies | null, retention: LogRetention | null): Promise<void> {
    const rows = this.#rows(record.gatewayKey);
    if (retention?.strategy === 'STOP_INSERTING' && rows.length >= retention.limit) return;
    rows.push(structuredClone({ record, bodies: hasBody(bodies) ? bodies : null }));
    if (retention?.strategy === 'DELETE_OLDEST') rows.splice(0, Math.max(0, rows.length - retention.limit));
  }

  async list(query: LogQuery): Promise<LogPage> {
    const found = this.#select(query);
    const start = (query.page - 1) * query.perPage;
    return {
      rows: structuredClone(found.slice(start, start + query.perPage)),
      totalCount: found.length,
      statistics: query.withStatistics ? statisticsOf(found) : null,
    };
  }

  async summarize(query: LogSummaryQuery): Promise<LogSummary[] | null> {
    const { gatewayKey, filters } = query;
    const selected = this.#select({ gatewayKey, filters, orderBy: 'created_at', direction: 'asc' });
    const summaries = summaryOf(selected, query);
    return query.limit !== null && summaries.length > query.limit ? null : summaries;
  }

  async get(gatewayKey: string, id: string): Promise<StoredLog | null> {
    return structuredClone(this.#find(gatewayKey, id));
  }

  async patch(gatewayKey: string, id: string, change: LogChange): Promise<LogRecord | null> {
    const row = this.#find(gatewayKey, id);
    if (row === null) return null;
    Object.assign(row.record, structuredClone(change));
    return structuredClone(row.record);
  }

  async recost(gatewayKey: string, changes: readonly LogRecost[]): Promise<number> {
    let found = 0;
    for (const { id, costPico, bill } of changes) {
      const row = this.#find(gatewayKey, id);
      if (row === null) continue;
      Object.assign(row.record, { costPico, bill: structuredClone(bill) });
      found += 1;
    }
    return found;
  }

  async delete(selection: LogSelection, limit?: number): Promise<number> {
    const doomed = new Set(this.#select(selection).slice(0, limit));
    const kept = this.#rows(selection.gatewayKey).filter((row) => !doomed.has(row.record));
    this.#gateways.set(selection.gatewayKey, kept);
    return doomed.size;
  }

  async dropGateway(gatewayKey: string): Promise<void> {
    this.#gateways.delete(gatewayKey);
  }

  health(): LogStoreHealth {
    return {
      queuedRows: 0,
      queuedBytes: 0,
      droppedRows: 0,
      droppedBodies: 0,
      damagedSegments: [],
      lastError: null,
    };
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  #rows(gatewayKey: string): StoredLog[] {
    const rows = this.#gateways.get(gatewayKey) ?? [];
    this.#gateways.set(gatewayKey, rows);
    return rows;
  }

  #find(gatewayKey: string, id: string): StoredLog | null {
    return this.#rows(gatewayKey).find((row) => row.record.id === id) ?? null;
  }

  #select(selection: LogSelection): LogRecord[] {
    const records = this.#rows(selection.gatewayKey).map((row) => row.record);
    return records.filter((record) => isSelected(record, selection)).sort(inOrder(selection));
  }
}

function hasBody(bodies: LogBodies | null): boolean {
  return bodies !== null && (bodies.request ?? bodies.response ?? bodies.responseText) !== null;
}

function statisticsOf(records: LogRecord[]): LogStatistics {
  const costs = rangeOf(records, (r) => r.costPico);
  const durations = rangeOf(records, (r) => r.durationMs);
  const tokensIn = rangeOf(records, (r) => r.tokensIn);
  const tokensOut = rangeOf(records, (r) => r.tokensOut);
  const totals = rangeOf(records, totalTokens);
  return {
    minCostPico: costs.min,
    maxCostPico: costs.max,
    minDurationMs: durations.min,
    maxDurationMs: durations.max,
    minTokensIn: tokensIn.min,
    maxTokensIn: tokensIn.max,
    minTokensOut: tokensOut.min,
    maxTokensOut: tokensOut.max,
    minTotalTokens: totals.min,
    maxTotalTokens: totals.max,
  };
}

function rangeOf<T extends number | bigint>(records: LogRecord[], read: (record: LogRecord) => T | null) {
  let min: T | null = null;
  let max: T | null = null;
  for (const record of records) {
    const value = read(record);
    if (value === null) continue;
    if (min === null || value < min) min = value;
    if (max === null || value > max) max = value;
  }
  return { min, max };
}
