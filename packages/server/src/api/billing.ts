import { type billingEndpoints, type InvoicePreview, Refusal, type UsagePoint } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { LogDimension, LogFilter, LogSummary } from '../stores/log-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { accountScope } from './find.ts';
import { invalidAt } from './read-input.ts';

const SPAN_MS = { hour: 3_600_000, day: 86_400_000 } as const;
/** What is told when no time is given, and at most: 62 days. */
const MOST_MS = 62 * SPAN_MS.day;
const PICO_PER_CENT = 10_000_000_000n;

export function billingHandlers(deps: ApiDeps): Handlers<typeof billingEndpoints> {
  const noPayments = () => {
    throw new Refusal('apiForbidden', { message: 'This gateway sells no credits and takes no payments' });
  };
  return {
    'billing.creditBalance': async () => ({
      balance: 0,
      has_default_payment_method: false,
      payment_method: null,
      topup_config: { amount: null, threshold: null },
    }),
    'billing.invoiceHistory': async () => ({
      invoices: [],
      pagination: { has_more: false, page: 1, per_page: 20, total_count: 0 },
    }),
    'billing.invoicePreview': async ({ params }) => preview(deps, params.account_id),
    'billing.usageHistory': async ({ params, query }) => {
      const endMs = query.end_time ?? deps.clock.nowMs();
      const startMs = query.start_time ?? endMs - MOST_MS;
      if (startMs > endMs) throw invalidAt(['query', 'start_time'], 'start_time is after end_time');
      if (endMs - startMs > MOST_MS) throw invalidAt(['query', 'start_time'], 'At most 62 days can be asked for');
      const spanMs = SPAN_MS[query.value_grouping_window];
      const sums = await wholesale(deps, { accountId: params.account_id, startMs, endMs, groupBy: [], spanMs });
      return { history: points(sums, spanMs) };
    },
    'billing.getSpendingLimit': async () => ({
      enabled: false,
      config: { amount: null, duration: null, strategy: null },
    }),
    'billing.setSpendingLimit': noPayments,
    'billing.deleteSpendingLimit': noPayments,
    'billing.createTopup': noPayments,
    'billing.topupStatus': noPayments,
    'billing.getTopupConfig': async () => ({ amount: null, threshold: null }),
    'billing.setTopupConfig': noPayments,
    'billing.deleteTopupConfig': noPayments,
  };
}

interface Range {
  accountId: string;
  startMs: number;
  endMs: number;
  groupBy: LogDimension[];
  spanMs: number | null;
}

/** Sums of what went over the operator's own keys, of all gateways of the account. */
async function wholesale({ control, logs }: ApiDeps, range: Range): Promise<LogSummary[]> {
  const { items } = await control.gateways.list(accountScope(range.accountId), {
    page: 1,
    perPage: Number.MAX_SAFE_INTEGER,
  });
  const filters: LogFilter[] = [
    { key: 'wholesale', operator: 'eq', value: [true] },
    { key: 'created_at', operator: 'gt', value: [isoTime(range.startMs - 1)] },
    { key: 'created_at', operator: 'lt', value: [isoTime(range.endMs + 1)] },
  ];
  const { groupBy, spanMs } = range;
  const query = { filters, groupBy, spanMs, withDistributions: false, limit: null };
  const sums = await Promise.all(items.map(({ id: gatewayKey }) => logs.summarize({ gatewayKey, ...query })));
  return sums.flatMap((ofGateway) => ofGateway ?? []);
}

function points(sums: LogSummary[], spanMs: number): UsagePoint[] {
  const byStart = new Map<number, bigint>();
  for (const { fromMs, costPico } of sums) byStart.set(fromMs ?? 0, (byStart.get(fromMs ?? 0) ?? 0n) + costPico);
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([start, pico]) => ({
      id: String(start),
      aggregated_value: Number(pico) / 1e12,
      start_time: start,
      end_time: start + spanMs,
    }));
}

async function preview(deps: ApiDeps, accountId: string): Promise<InvoicePreview> {
  const now = new Date(deps.clock.nowMs());
  const start = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
  const sums = await wholesale(deps, {
    accountId,
    startMs: start,
    endMs: end - 1,
    groupBy: ['provider'],
    spanMs: null,
  });
  const byProvider = new Map<string, { pico: bigint; requests: number }>();
  for (const { group, costPico, requests } of sums) {
    const provider = String(group.provider);
    const before = byProvider.get(provider) ?? { pico: 0n, requests: 0 };
    byProvider.set(provider, { pico: before.pico + costPico, requests: before.requests + requests });
  }
  const total = cents([...byProvider.values()].reduce((sum, { pico }) => sum + pico, 0n));
  return {
    id: `preview-${now.toISOString().slice(0, 7)}`,
    amount_due: total,
    amount_paid: 0,
    amount_remaining: total,
    currency: 'usd',
    invoice_lines: [...byProvider].map(([provider, { pico, requests }]) => ({
      amount: cents(pico),
      currency: 'usd',
      description: provider,
      period: { start, end },
      pricing: { unit_amount_decimal: null },
      quantity: requests,
    })),
    period_start: start,
    period_end: end,
    status: 'draft',
  };
}

/** Whole US cents, rounded half up. */
function cents(pico: bigint): number {
  return Number((pico + PICO_PER_CENT / 2n) / PICO_PER_CENT);
}
