/** The official `cloudflare` package against a listening management API: billing, which a self-hosted gateway has none of. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { failure, type SdkFixture, sdkFixture } from '../support/cloudflare-sdk.ts';

const account_id = 'acme';
let fixture: SdkFixture;
beforeAll(async () => {
  fixture = await sdkFixture();
});
afterAll(() => fixture.stop());

test('what is read is empty, in the shapes of the package’s types', async () => {
  const { billing } = fixture.client.aiGateway;
  expect(await billing.creditBalance({ account_id })).toMatchObject({ balance: 0, has_default_payment_method: false });
  expect((await billing.invoiceHistory({ account_id, type: 'all' })).pagination.total_count).toBe(0);
  expect(await billing.invoicePreview({ account_id })).toMatchObject({
    amount_due: 0,
    invoice_lines: [],
    status: 'draft',
  });
  expect(await billing.usageHistory({ account_id, value_grouping_window: 'hour' })).toEqual({ history: [] });
  expect(await billing.topup.config.get({ account_id })).toEqual({ amount: null, threshold: null });
  expect((await billing.spendingLimit.get({ account_id })).enabled).toBe(false);
});

test('what would take or set payments is refused with 403', async () => {
  const { billing } = fixture.client.aiGateway;
  const refused = await Promise.all([
    failure(billing.topup.create({ account_id, amount: 1000 })),
    failure(billing.topup.status({ account_id, payment_intent_id: 'x' })),
    failure(billing.topup.config.create({ account_id, amount: 1000, threshold: 500 })),
    failure(billing.topup.config.delete({ account_id })),
    failure(billing.spendingLimit.create({ account_id, amount: 100, duration: 'daily', strategy: 'fixed' })),
    failure(billing.spendingLimit.delete({ account_id })),
  ]);
  expect(refused.map((error) => (error as { status: number }).status)).toEqual([403, 403, 403, 403, 403, 403]);
});
