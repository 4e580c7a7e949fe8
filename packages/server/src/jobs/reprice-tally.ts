import type { RepriceCounts, RepriceData } from '../stores/control-ports.ts';
import type { LogRecord, LogRecost } from '../stores/log-ports.ts';
import { mayChange } from './new-cost.ts';

/** Models that a report names; the rest count in the total only. */
const MAX_MODELS = 1000;

interface Counts extends Omit<RepriceCounts, 'differencePico'> {
  difference: bigint;
}

/** Counts what a repricing changes, in all and by model. */
export class RepriceTally {
  readonly #total = nothing();
  readonly #models = new Map<string, { provider: string; model: string; counts: Counts }>();

  /** A row, and its new cost where that is another one. */
  add(record: LogRecord, cost: Pick<LogRecost, 'costPico'> | null): void {
    count(this.#total, record, cost);
    const { provider, model } = record;
    const key = `${provider} ${model}`;
    let entry = this.#models.get(key);
    if (entry === undefined) {
      if (this.#models.size >= MAX_MODELS) return;
      entry = { provider, model, counts: nothing() };
      this.#models.set(key, entry);
    }
    count(entry.counts, record, cost);
  }

  result(): Pick<RepriceData, 'total' | 'models'> {
    const models = [...this.#models.values()].sort((a, b) => b.counts.changed - a.counts.changed);
    return {
      total: plain(this.#total),
      models: models.map(({ provider, model, counts }) => ({ provider, model, ...plain(counts) })),
    };
  }
}

function nothing(): Counts {
  return { rows: 0, changed: 0, unknownBefore: 0, unknownAfter: 0, difference: 0n };
}

function count(counts: Counts, record: LogRecord, cost: Pick<LogRecost, 'costPico'> | null): void {
  const before = record.costPico;
  const after = cost === null ? before : cost.costPico;
  counts.rows += 1;
  if (cost !== null) counts.changed += 1;
  if (mayChange(record) && before === null) counts.unknownBefore += 1;
  if (mayChange(record) && after === null) counts.unknownAfter += 1;
  counts.difference += (after ?? 0n) - (before ?? 0n);
}

function plain({ difference, ...counts }: Counts): RepriceCounts {
  return { ...counts, differencePico: String(difference) };
}
