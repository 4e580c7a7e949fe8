import { expect, test } from 'bun:test';
import { createPriceBooks, type OwnPrice } from './price-books.ts';

const AT = Date.parse('2026-11-20T12:00:00Z');
const own = (version: string, input: string): OwnPrice => ({
  version,
  provider: 'openai',
  model: 'gpt-4o',
  rates: { input, unheard_of: '1' },
  tiers: [],
  fromMs: null,
  untilMs: null,
});

test('each account sees its own prices; a book is made anew only when they change', () => {
  const prices = new Map<string, readonly OwnPrice[]>([['a', [own('1', '0.000001')]]]);
  const books = createPriceBooks((account) => prices.get(account) ?? []);
  const version = (account: string) => books.of(account).findPrice('openai', 'gpt-4o', AT)?.version;
  expect([version('a'), version('b')]).toEqual(['1', expect.stringMatching(/^\d{4}-/)]);
  expect(books.of('a')).toBe(books.of('a'));
  expect(books.of('b')).toBe(books.of('c'));
  const before = books.of('a');
  prices.set('a', [own('2', '0.000002')]);
  expect(books.of('a')).not.toBe(before);
  expect(version('a')).toBe('2');
  prices.delete('a');
  expect(books.of('a')).toBe(books.of('b'));
});

test('a rate that is not known prices nothing', () => {
  const row = createPriceBooks(() => [own('1', '0.5')])
    .of('a')
    .findPrice('openai', 'gpt-4o', AT);
  expect(row?.rates).toEqual({ input: { top: 500_000_000_000n, bottom: 1n } });
});
