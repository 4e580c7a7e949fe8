import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logId, logRecord } from '../stores/contract/index.ts';

let fixture: ApiFixture;
let gatewayKey: string;
beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
});

describe('billing', () => {
  test('usage and the running month tell what the operator’s own keys cost, and nothing else', async () => {
    fixture.clock.advance(86_400_000);
    const nowMs = fixture.clock.nowMs();
    const row = (n: number, more: object) => {
      const createdAtMs = nowMs - 1000 + n;
      return logRecord({
        gatewayKey,
        id: logId(createdAtMs, n),
        createdAtMs,
        wholesale: true,
        provider: 'openai',
        ...more,
      });
    };
    await fixture.logs.append(row(1, { costPico: 20_000_000_000n }), null, null);
    await fixture.logs.append(row(2, { costPico: 1_000_000_000_000n, provider: 'groq' }), null, null);
    await fixture.logs.append(row(3, { costPico: 5_000_000_000_000n, wholesale: false }), null, null);
    const usage = await fixture.call('billing.usageHistory', { query: '?value_grouping_window=day' });
    const total = usage.result.history.reduce(
      (sum: number, { aggregated_value }: { aggregated_value: number }) => sum + aggregated_value,
      0,
    );
    expect(total).toBeCloseTo(1.02, 12);
    const { result } = await fixture.call('billing.invoicePreview');
    expect([result.amount_due, result.currency, result.status]).toEqual([102, 'usd', 'draft']);
    const lines = result.invoice_lines.map(
      ({ description, amount }: { description: string; amount: number }) => `${description} ${amount}`,
    );
    expect(lines.sort()).toEqual(['groq 100', 'openai 2']);
  });

  test.each<[Record<string, string>, string]>([
    [{ value_grouping_window: 'week' }, 'value_grouping_window'],
    [{ value_grouping_window: 'day', start_time: '2', end_time: '1' }, 'start_time'],
    [{ value_grouping_window: 'day', start_time: '0', end_time: String(63 * 86_400_000) }, 'start_time'],
  ])('%j is refused by name', async (query, name) => {
    const refused = await fixture.call('billing.usageHistory', { query: `?${new URLSearchParams(query)}` });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ code: 7001, path: ['query', name] }] } });
  });

  test('there are no credits, and payments are refused', async () => {
    expect((await fixture.call('billing.creditBalance')).result).toMatchObject({ balance: 0, payment_method: null });
    expect((await fixture.call('billing.invoiceHistory')).result.invoices).toEqual([]);
    for (const name of [
      'billing.createTopup',
      'billing.setTopupConfig',
      'billing.setSpendingLimit',
      'billing.deleteSpendingLimit',
    ] as const) {
      expect((await fixture.call(name)).status).toBe(403);
    }
  });
});
