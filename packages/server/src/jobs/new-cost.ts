import { costOfBillable, logBill, type PriceBook } from '../pricing/index.ts';
import type { LogRecord, LogRecost } from '../stores/log-ports.ts';

/**
 * What a row costs by the prices of now for the time of its call; null where that is what it says already. Rows with
 * the client's own prices and answers from the cache stay as they are. The name of an equal price is no change.
 */
export function newCost(record: LogRecord, book: PriceBook): Pick<LogRecost, 'costPico' | 'bill'> | null {
  if (!mayChange(record)) return null;
  const { provider, usage, billedRuns, serviceTier, createdAtMs: atMs } = record;
  const [model, modelAsked] = [record.model || null, record.modelAsked || null];
  const cost = costOfBillable(book, { provider, model, modelAsked, usage, billedRuns, serviceTier, atMs });
  const next = { costPico: cost?.totalPico ?? null, bill: cost === null ? null : logBill(cost) };
  return next.costPico === record.costPico && linesOf(next.bill) === linesOf(record.bill) ? null : next;
}

/** Whether a price list says what the row cost. */
export function mayChange({ cached, customCost, bill, usage }: LogRecord): boolean {
  return !cached && !customCost && bill?.source !== 'custom' && usage !== null;
}

function linesOf(bill: LogRecord['bill']): string {
  return bill === null
    ? ''
    : JSON.stringify([bill.source, bill.lines.map((line) => [line.component, line.units, line.unitPrice])]);
}
