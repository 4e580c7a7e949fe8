import { expect, test } from 'bun:test';
import { readQuery } from './query.ts';

const CASES: [string, unknown][] = [
  ['', {}],
  ['page=2&search=a%20b', { page: '2', search: 'a b' }],
  ['scopes=a&scopes=b&scopes=c', { scopes: ['a', 'b', 'c'] }],
  ['search=[1]&x.y=1', { search: '[1]', 'x.y': '1' }],
  [
    'filters.key=a&filters.operator=eq&filters.value=1&filters.value=2&filters.key=b&filters.value=',
    {
      filters: [
        { key: 'a', operator: 'eq', value: ['1', '2'] },
        { key: 'b', value: [null] },
      ],
    },
  ],
  ['filters.operator=eq&filters.key=a', { filters: [{ operator: 'eq' }, { key: 'a' }] }],
  [
    'filters=%5B%7B%22key%22%3A%22a%22%2C%22value%22%3A%5B1%2Ctrue%5D%7D%5D',
    { filters: [{ key: 'a', value: [1, true] }] },
  ],
  ['filters=[', { filters: '[' }],
  ['filters=[1]&filters.key=a', { filters: [{ key: 'a' }] }],
];
for (const [text, expected] of CASES) {
  test(`reads ${text || 'nothing'}`, () => {
    // Through JSON: the objects have no prototype.
    expect(JSON.parse(JSON.stringify(readQuery(new URLSearchParams(text))))).toEqual(expected);
  });
}

test('a parameter called __proto__ is a parameter like any other', () => {
  expect(Object.keys(readQuery(new URLSearchParams('__proto__=1')))).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
