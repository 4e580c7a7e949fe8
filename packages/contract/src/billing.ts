import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, queryInteger } from './fields.ts';

/**
 * Billing as the official client knows it. A self-hosted gateway sells no credits: what the operator's own provider keys
 * were used for is told (usage, the running month), nothing is charged, and everything about payments is refused with 403.
 * Amounts of invoices are whole US cents, of usage US dollars; times are milliseconds since 1970.
 */
const tag = 'Billing';
const base = '/accounts/{account_id}/ai-gateway/billing' as const;

const topupConfig = z.object({ amount: z.number().nullable(), threshold: z.number().nullable() });

const invoiceLine = z.object({
  amount: z.number(),
  currency: z.literal('usd'),
  description: z.string().nullable(),
  period: z.object({ start: z.number(), end: z.number() }),
  pricing: z.object({ unit_amount_decimal: z.string().nullable() }),
  quantity: z.number(),
});

export const invoicePreview = z.object({
  id: z.string(),
  amount_due: z.number(),
  amount_paid: z.number(),
  amount_remaining: z.number(),
  currency: z.literal('usd'),
  invoice_lines: z.array(invoiceLine),
  period_start: z.number(),
  period_end: z.number(),
  status: z.literal('draft'),
});
export type InvoicePreview = z.output<typeof invoicePreview>;

const usagePoint = z.object({
  id: z.string(),
  aggregated_value: z.number(),
  start_time: z.number(),
  end_time: z.number(),
});
export type UsagePoint = z.output<typeof usagePoint>;

const time = queryInteger(0, 8_640_000_000_000_000).optional();
const spendingLimit = z.object({
  enabled: z.boolean(),
  config: z.object({ amount: z.number().nullable(), duration: z.string().nullable(), strategy: z.string().nullable() }),
});

/** A payment operation: always refused, whatever it is sent. */
const refused = (method: 'POST' | 'DELETE', path: string, summary: string) =>
  endpoint({
    method,
    path: `${base}${path}` as typeof base,
    tag,
    summary,
    permission: 'edit',
    query: noQuery,
    body: null,
    response: z.null(),
    reply: 'result',
  });

const read = { method: 'GET', tag, permission: 'read', body: null, reply: 'result' } as const;

export const billingEndpoints = {
  'billing.creditBalance': endpoint({
    ...read,
    path: `${base}/credit-balance`,
    summary: 'Credits: always none',
    query: noQuery,
    response: z.object({
      balance: z.number(),
      has_default_payment_method: z.boolean(),
      payment_method: z.null(),
      topup_config: topupConfig,
    }),
  }),
  'billing.invoiceHistory': endpoint({
    ...read,
    path: `${base}/invoice-history`,
    summary: 'Invoices: always none',
    query: z.object({ type: z.enum(['auto', 'all', 'manual']).optional() }),
    response: z.object({
      invoices: z.array(z.never()),
      pagination: z.object({ has_more: z.boolean(), page: z.number(), per_page: z.number(), total_count: z.number() }),
    }),
  }),
  'billing.invoicePreview': endpoint({
    ...read,
    path: `${base}/invoice-preview`,
    summary: "Cost of the running month on the operator's own provider keys",
    query: noQuery,
    response: invoicePreview,
  }),
  'billing.usageHistory': endpoint({
    ...read,
    path: `${base}/usage-history`,
    summary: "Cost by hour or day on the operator's own provider keys",
    query: z.object({ value_grouping_window: z.enum(['day', 'hour']), start_time: time, end_time: time }),
    response: z.object({ history: z.array(usagePoint) }),
  }),
  'billing.getSpendingLimit': endpoint({
    ...read,
    path: `${base}/spending-limit`,
    summary: 'Account spending limit: replaced by the spend limits of gateways',
    query: noQuery,
    response: spendingLimit,
  }),
  'billing.setSpendingLimit': refused('POST', '/spending-limit', 'Set an account spending limit (refused)'),
  'billing.deleteSpendingLimit': refused('DELETE', '/spending-limit', 'Delete the account spending limit (refused)'),
  'billing.createTopup': refused('POST', '/topup', 'Buy credits (refused)'),
  'billing.topupStatus': refused('POST', '/topup/status', 'Status of a purchase (refused)'),
  'billing.getTopupConfig': endpoint({
    ...read,
    path: `${base}/topup/config`,
    summary: 'Automatic purchases: always none',
    query: noQuery,
    response: topupConfig,
  }),
  'billing.setTopupConfig': refused('POST', '/topup/config', 'Set up automatic purchases (refused)'),
  'billing.deleteTopupConfig': refused('DELETE', '/topup/config', 'Delete automatic purchases (refused)'),
};
