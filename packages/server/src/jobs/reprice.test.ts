import { beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { costOfBillable, createPriceBook, logBill } from '../pricing/index.ts';
import { logId, logRecord, START_MS, usageOf } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/log-ports.ts';

let fixture: ApiFixture;
let gatewayKey = '';
beforeEach(async () => {
  fixture = await apiFixture();
  await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
  gatewayKey = fixture.control.snapshot.gateway('acme', 'g')?.key ?? '';
});

const since = new Date(START_MS).toISOString();
const params = { gateway_id: 'g' };
const setPrice = (model: string, input: string) =>
  fixture.call('prices.set', { params: { provider: 'custom-mine', model }, body: { rates: { input } } });

let n = 0;
/** A row of 1,000 input tokens of a custom provider. */
async function add(fields: Partial<LogRecord> = {}): Promise<string> {
  n += 1;
  const createdAtMs = fields.createdAtMs ?? START_MS + 1;
  const id = logId(createdAtMs, n);
  const usage = usageOf({ input: 1000, inputFull: 1000, output: 0 });
  const own = { provider: 'custom-mine', model: 'm', modelAsked: 'm', usage };
  await fixture.logs.append(logRecord({ id, gatewayKey, ...own, ...fields, createdAtMs }), null, null);
  return id;
}

async function reprice(body: object = {}) {
  const { status, result } = await fixture.call('logs.reprice', { params, body: { since, ...body } });
  expect([status, result?.state]).toEqual([200, 'running']);
  await fixture.reprices.idle();
  return (await fixture.call('logs.repricing', { params: { ...params, id: result.id } })).result;
}
const row = async (id: string) => (await fixture.logs.get(gatewayKey, id))?.record;
const cost = async (id: string) => (await row(id))?.costPico;

test('rows get the cost of the prices of now, with the bill, and the report says what changed', async () => {
  const unknown = await add();
  const cheap = await add({ costPico: 5n });
  const never = await add({ model: 'other' });
  await setPrice('m', '0.000001');
  const report = await reprice();
  expect(report).toMatchObject({
    state: 'done',
    of: 3,
    error: null,
    total: { rows: 3, changed: 2, unknown_before: 2, unknown_after: 1, difference: (2_000_000_000 - 5) / 1e12 },
    models: [
      { provider: 'custom-mine', model: 'm', rows: 2, changed: 2, unknown_before: 1, unknown_after: 0 },
      { model: 'other', rows: 1, changed: 0, unknown_before: 1, unknown_after: 1, difference: 0 },
    ],
  });
  expect([await cost(unknown), await cost(cheap), await cost(never)]).toEqual([1_000_000_000n, 1_000_000_000n, null]);
  const { version } = (await fixture.call('prices.list')).result[0];
  const lines = [{ component: 'input', units: 1000, unitPrice: '1000000' }];
  expect((await row(unknown))?.bill).toEqual({ source: 'override', version, lines });
});

test('a price that is gone leaves the cost unknown', async () => {
  await setPrice('m', '0.000001');
  const id = await add();
  await reprice();
  await fixture.call('prices.delete', { params: { provider: 'custom-mine', model: 'm' } });
  expect((await reprice()).total).toMatchObject({ changed: 1, unknown_after: 1, difference: -0.001 });
  expect([await cost(id), (await row(id))?.bill]).toEqual([null, null]);
});

test("answers from the cache and calls with the client's own prices stay as they are", async () => {
  await setPrice('m', '0.000001');
  const bill: LogRecord['bill'] = { source: 'custom', version: null, lines: [] };
  const ids = [
    await add({ cached: true, costPico: 0n }),
    await add({ customCost: true, costPico: 7n, bill }),
    await add({ bill }),
    await add({ usage: null }),
  ];
  expect((await reprice()).total).toEqual({ rows: 4, changed: 0, unknown_before: 0, unknown_after: 0, difference: 0 });
  expect(await Promise.all(ids.map(cost))).toEqual([0n, 7n, null, null]);
});

test('only calls of the span are looked at, its end excluded', async () => {
  await setPrice('m', '0.000001');
  const ids = [];
  for (const ms of [-1, 0, 9, 10]) ids.push(await add({ createdAtMs: START_MS + ms }));
  const report = await reprice({ until: new Date(START_MS + 10).toISOString() });
  expect([report.total.rows, report.until]).toEqual([2, new Date(START_MS + 10).toISOString()]);
  expect(await Promise.all(ids.map(cost))).toEqual([null, 1_000_000_000n, 1_000_000_000n, null]);
});

test('a dry run reports the same and changes nothing', async () => {
  await setPrice('m', '0.000001');
  const id = await add();
  const dry = await reprice({ dry_run: true });
  expect([dry.dry_run, await cost(id)]).toEqual([true, null]);
  expect((await reprice()).total).toEqual(dry.total);
});

describe('any history', () => {
  const book = createPriceBook();
  const RUNS: NonNullable<LogRecord['billedRuns']> = [{ model: null, usage: usageOf({ input: 9, inputFull: 9 }) }];
  const counter = fc.constantFrom(null, 0, 1, 999, 250_000);
  const models: [string, string][] = [
    ['openai', 'gpt-4o'],
    ['openai', 'gpt-5'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['google-ai-studio', 'gemini-2.5-pro'],
    ['custom-mine', 'm'],
    ['openai', 'unheard-of'],
  ];
  const usage = fc
    .record({ input: counter, output: counter, cacheRead: fc.constantFrom(null, 0, 1) })
    .map((some) => usageOf({ ...some, inputFull: some.input }));
  const rows = fc.array(
    fc.record({
      of: fc.constantFrom(...models),
      usage: fc.option(usage, { nil: null }),
      serviceTier: fc.constantFrom(null, 'default', 'flex', 'priority', 'scale'),
      cached: fc.boolean(),
      createdAtMs: fc.integer({ min: START_MS, max: START_MS + 5 }),
      costPico: fc.constantFrom(null, 0n, 3n),
      runs: fc.constantFrom(null, RUNS),
    }),
    { minLength: 1, maxLength: 12 },
  );

  test('once repriced has the costs that its rows would have now, and a second time changes nothing', async () => {
    await setPrice('m', '0.000001');
    await fc.assert(
      fc.asyncProperty(rows, async (history) => {
        await fixture.logs.dropGateway(gatewayKey);
        const ids: string[] = [];
        for (const {
          of: [provider, model],
          runs,
          ...fields
        } of history) {
          ids.push(await add({ provider, model, modelAsked: model, billedRuns: runs, ...fields }));
        }
        await reprice();
        for (const id of ids) {
          const record = await row(id);
          if (record === undefined || record.cached || record.usage === null || record.model === 'm') continue;
          const { provider, model, modelAsked, billedRuns, serviceTier, createdAtMs: atMs } = record;
          const call = { provider, model, modelAsked, billedRuns, serviceTier, atMs, usage: record.usage };
          const bill = costOfBillable(book, call);
          expect([record.costPico, record.bill]).toEqual(
            bill === null ? [null, null] : [bill.totalPico, logBill(bill)],
          );
        }
        expect((await reprice()).total).toMatchObject({ rows: history.length, changed: 0, difference: 0 });
      }),
      { numRuns: 40 },
    );
  });
});

test('one at a time: a second one is a conflict', async () => {
  await add();
  const first = fixture.call('logs.reprice', { params, body: { since } });
  const second = fixture.call('logs.reprice', { params, body: { since } });
  const replies = [await first, await second];
  await fixture.reprices.idle();
  expect(replies.map(({ status }) => status)).toEqual([200, 409]);
});

test('what an earlier process left running is interrupted, and can be asked for again', async () => {
  const scope = { accountId: 'acme', parent: gatewayKey };
  const total = { rows: 0, changed: 0, unknownBefore: 0, unknownAfter: 0, differencePico: '0' };
  const span = { sinceMs: START_MS, untilMs: START_MS + 1, dryRun: false };
  const data = { state: 'running' as const, ...span, error: null, finishedAtMs: null, total, models: [] };
  const actor = { kind: 'system' as const, id: 'test', name: 'test' };
  const { id } = await fixture.control.reprices.create(scope, { data }, { actor });
  await fixture.reprices.recover();
  const { result } = await fixture.call('logs.repricing', { params: { ...params, id } });
  expect([result.state, result.finished_at === null]).toEqual(['interrupted', false]);
  expect((await reprice()).state).toBe('done');
});

test('a stop ends it after the page in hand, and says so', async () => {
  await add();
  await setPrice('m', '0.000001');
  const { result } = await fixture.call('logs.reprice', { params, body: { since } });
  await fixture.reprices.stop();
  const after = (await fixture.call('logs.repricing', { params: { ...params, id: result.id } })).result;
  expect(after.state).toBe('interrupted');
});

test('a log store that fails is reported, and the state says why', async () => {
  fixture.logs.list = () => Promise.reject(new Error('the disk is on fire'));
  expect(await reprice()).toMatchObject({ state: 'failed', error: 'the disk is on fire' });
  expect(fixture.reported).toHaveLength(1);
});

test('a gateway keeps the newest twenty reports', async () => {
  for (let i = 0; i < 22; i += 1) await reprice();
  const scope = { accountId: 'acme', parent: gatewayKey };
  expect((await fixture.control.reprices.list(scope, { page: 1, perPage: 100 })).totalCount).toBe(20);
});

test('a span that ends before it begins is refused', async () => {
  const { status, body } = await fixture.call('logs.reprice', { params, body: { since, until: since } });
  expect([status, body.errors[0]?.path]).toEqual([400, ['body', 'until']]);
});
