import { beforeEach, describe, expect, test } from 'bun:test';
import { PRICE_RATES } from '@headgate/contract';
import fc from 'fast-check';
import { type ApiFixture, apiFixture } from '../../../../test/support/management-api.ts';
import { createPriceBooks, wireRateName } from '../pricing/index.ts';
import { RATE_NAMES } from '../pricing/row.ts';

let fixture: ApiFixture;
beforeEach(async () => {
  fixture = await apiFixture();
});

const BASE = '/client/v4/accounts/acme/ai-gateway/prices';
const JUNE = '2026-06-01T00:00:00.000Z';
const JULY = '2026-07-01T00:00:00.000Z';
const gpt = { provider: 'openai', model: 'gpt-4o' };
const set = (body: unknown, params: Record<string, string> = gpt) => fixture.call('prices.set', { params, body });
const list = async (query = '') => (await fixture.call('prices.list', { query })).result;
/** Pico-dollars for an input token at a time, by the books that the data plane uses; null: no price. */
function pico(provider: string, model: string, at = JUNE): bigint | null {
  const books = createPriceBooks((account) => fixture.control.snapshot.prices(account));
  return books.of('acme').findPrice(provider, model, Date.parse(at))?.rates.input?.top ?? null;
}

test('the wire has a name for every rate', () => expect(RATE_NAMES.map(wireRateName)).toEqual([...PRICE_RATES]));

test('a price is in force for the next call, until it is deleted', async () => {
  expect(pico('openai', 'gpt-4o')).toBe(2_500_000n);
  const { result } = await set({ rates: { input: 0.000001, output: '0.000002' } });
  expect(result).toMatchObject({
    ...gpt,
    rates: { input: '0.000001', output: '0.000002' },
    tiers: [],
    valid_from: null,
  });
  expect([pico('openai', 'gpt-4o'), pico('openai', 'gpt-4o-2024-08-06')]).toEqual([1_000_000n, 1_000_000n]);
  expect((await fixture.call('prices.delete', { params: gpt })).result.id).toBe(result.id);
  expect(pico('openai', 'gpt-4o')).toBe(2_500_000n);
});

test('the version is the ETag, and another one after every change', async () => {
  const first = await set({ rates: { input: 1e-6 } });
  const again = await set({ rates: { input: 2e-6 } });
  expect(first.headers.get('etag')).toBe(`"${first.result.version}"`);
  expect(again.result.id).toBe(first.result.id);
  expect(again.result.version).not.toBe(first.result.version);
  const headers = { 'if-match': `"${first.result.version}"` };
  const stale = await fixture.call('prices.set', { params: gpt, body: { rates: { input: 1 } }, headers });
  const missing = await fixture.call('prices.set', {
    params: { ...gpt, model: 'new' },
    body: { rates: { input: 1 } },
    headers,
  });
  expect([stale.status, missing.status]).toEqual([412, 412]);
});

test('prices of one model that begin at different times stand beside each other', async () => {
  await set({ rates: { input: 1e-6 } });
  await set({ rates: { input: 2e-6 }, valid_from: JUNE, valid_until: JULY });
  expect([pico('openai', 'gpt-4o'), pico('openai', 'gpt-4o', JULY)]).toEqual([2_000_000n, 1_000_000n]);
  const get = async (query: string) => (await fixture.call('prices.get', { params: gpt, query })).result.rates;
  expect([await get(''), await get(`?valid_from=${JUNE}`)]).toEqual([{ input: '0.000001' }, { input: '0.000002' }]);
  await fixture.call('prices.delete', { params: gpt, query: `?valid_from=${JUNE}` });
  expect(await list()).toHaveLength(1);
  const gone = await fixture.call('prices.get', { params: gpt, query: `?valid_from=${JUNE}` });
  expect([gone.status, gone.body.errors[0]?.message]).toEqual([404, expect.stringContaining('valid_from none')]);
});

test('names with slashes, unknown models, and custom providers can be priced', async () => {
  for (const [provider, model] of [
    ['workers-ai', '@cf/meta/llama-3.3-70b'],
    ['custom-mine', 'in-house'],
    ['openai', 'gpt-99 %/?'],
  ] as const) {
    const path = `${BASE}/${provider}/${encodeURIComponent(model)}`;
    expect((await fixture.send('PUT', path, { body: { rates: { input: 3e-6 } } })).status).toBe(200);
    expect((await fixture.send('GET', path)).result).toMatchObject({ provider, model });
    expect(pico(provider, model)).toBe(3_000_000n);
  }
});

test('long prompts have their own rates, and keep those that are not named', async () => {
  const tiers = [{ above: 200_000, rates: { input: '0.000006' } }];
  await set({ rates: { input: '0.000003', output: '0.000015' }, tiers });
  const books = createPriceBooks((account) => fixture.control.snapshot.prices(account));
  const row = books.of('acme').findPrice('openai', 'gpt-4o', Date.parse(JUNE));
  expect(row?.tiers).toEqual([
    { above: 200_000, rates: { input: { top: 6_000_000n, bottom: 1n }, output: { top: 15_000_000n, bottom: 1n } } },
  ]);
});

test('the list is ordered, and filtered by provider, model and part of a name', async () => {
  for (const [provider, model] of [
    ['openai', 'b'],
    ['openai', 'a'],
    ['anthropic', 'claude'],
  ] as const) {
    await set({ rates: { request: 0.01 } }, { provider, model });
  }
  const names = async (query = '') => (await list(query)).map((one: { model: string }) => one.model).join(' ');
  expect(await names()).toBe('claude a b');
  expect([await names('?provider=openai'), await names('?model=A'), await names('?search=CLAU')]).toEqual([
    'a b',
    'a',
    'claude',
  ]);
  expect((await fixture.call('prices.list', { query: '?per_page=1&page=2' })).body).toMatchObject({
    result: [{ model: 'a' }],
    result_info: { total_count: 3 },
  });
});

test('each change is in the audit log', async () => {
  await set({ rates: { input: 1e-6 } });
  await set({ rates: { input: 2e-6 } });
  await fixture.call('prices.delete', { params: gpt });
  const { items } = await fixture.control.audit('acme', { page: 1, perPage: 10, direction: 'asc' });
  expect(items.filter(({ kind }) => kind === 'price').map(({ action }) => action)).toEqual([
    'create',
    'update',
    'delete',
  ]);
});

describe('what can be no price is refused with its path', () => {
  const rates = { input: 1e-6 };
  const cases: [body: unknown, ...path: (string | number)[]][] = [
    [{}, 'body', 'rates'],
    [{ rates: {} }, 'body', 'rates'],
    [{ rates: { input: -1 } }, 'body', 'rates', 'input'],
    [{ rates: { input: '-0.1' } }, 'body', 'rates', 'input'],
    [{ rates: { input: 1001 } }, 'body', 'rates', 'input'],
    [{ rates: { input: '1e99' } }, 'body', 'rates', 'input'],
    [{ rates: { input: '1e400' } }, 'body', 'rates', 'input'],
    [{ rates: { input: `0.${'1'.repeat(31)}` } }, 'body', 'rates', 'input'],
    [{ rates: { input: 'free' } }, 'body', 'rates', 'input'],
    [{ rates: { input: null } }, 'body', 'rates', 'input'],
    [{ rates: { inputs: 1 } }, 'body', 'rates'],
    [{ rates, tiers: [{ above: -1, rates }] }, 'body', 'tiers', 0, 'above'],
    [{ rates, tiers: [{ above: 5, rates: {} }] }, 'body', 'tiers', 0, 'rates'],
    [
      {
        rates,
        tiers: [
          { above: 5, rates },
          { above: 5, rates },
        ],
      },
      'body',
      'tiers',
      1,
      'above',
    ],
    [{ rates, valid_from: 'yesterday' }, 'body', 'valid_from'],
    [{ rates, valid_from: JULY, valid_until: JUNE }, 'body', 'valid_until'],
    [{ rates, valid_from: JUNE, valid_until: JUNE }, 'body', 'valid_until'],
  ];
  for (const [body, ...path] of cases) {
    test(JSON.stringify(body).slice(0, 80), async () => {
      const { status, body: reply } = await set(body);
      expect([status, reply.errors[0]?.code, reply.errors[0]?.path]).toEqual([400, 7001, path]);
    });
  }
  test('a provider or model that can be none', async () => {
    const path = async (params: Record<string, string>) => (await set({ rates }, params)).body.errors[0]?.path;
    expect(await path({ provider: 'a b', model: 'm' })).toEqual(['path', 'provider']);
    expect(await path({ provider: 'openai', model: 'm'.repeat(257) })).toEqual(['path', 'model']);
    expect(await path({ provider: 'openai', model: ' ' })).toEqual(['path', 'model']);
  });
});

test('any decimal is kept to the last digit', async () => {
  const decimal = fc
    .tuple(fc.nat(999), fc.stringMatching(/^\d{1,30}$/))
    .map(([whole, fraction]) => `${whole}.${fraction}`);
  await fc.assert(
    fc.asyncProperty(decimal, async (text) => {
      const { status, result } = await set({ rates: { input: text } });
      const plain = text.replace(/\.?0+$/, '');
      expect([status, result.rates.input]).toEqual([200, plain]);
    }),
    { numRuns: 50 },
  );
});
