import { expect, test } from 'bun:test';
import { routeElementsInput } from './route-elements.ts';

const to = (elementId: string) => ({ elementId });
const start = (next = 'a') => ({ id: 'start', type: 'start', outputs: { next: to(next) } });
const end = { id: 'end', type: 'end', outputs: {} };
const model = (id: string, outputs: object = { success: to('end'), fallback: to('end') }) => ({
  id,
  type: 'model',
  properties: { provider: 'openai', model: 'gpt', timeout: 0, retries: 0 },
  outputs,
});
const rate = (properties: object = {}, type = 'rate') => ({
  id: 'a',
  type,
  properties: { key: 'metadata.user', limit: 10, limitType: 'count', window: 60, ...properties },
  outputs: { success: to('end'), fallback: to('end') },
});
const split = (outputs: object) => ({ id: 'a', type: 'percentage', outputs });
const when = (conditions: unknown, name = 'conditions') => ({
  id: 'a',
  type: 'conditional',
  properties: { [name]: conditions },
  outputs: { true: to('end'), false: to('end') },
});

const VALID: [string, unknown[]][] = [
  ['start to end', [start('end'), end]],
  ['a model with both outputs', [start(), model('a'), end]],
  ['a model without outputs', [start(), model('a', {})]],
  ['a chain of fallbacks', [start(), model('a', { success: to('end'), fallback: to('b') }), model('b'), end]],
  ['a rate by count', [start(), rate(), end]],
  ['a rate by cost', [start(), rate({ limitType: 'cost', limit: 0.5 }), end]],
  ['five shares', [start(), split(Object.fromEntries([10, 20, 30, 15, 25].map((n) => [`${n}%`, to('end')]))), end]],
  ['shares with decimals', [start(), split({ '33.3%': to('end'), '33.4%': to('end'), '33.30%': to('end') }), end]],
  ['no condition', [start(), when(undefined), end]],
  ['conditions', [start(), when({ 'metadata.plan': 'pro', 'body.n': { $gt: 1, $lte: 5 } }), end]],
  ['nested conditions', [start(), when({ $or: [{ a: { $in: [1] } }, { $and: [{ b: { $not: { $eq: 1 } } }] }] }), end]],
];
test.each(VALID)('takes %s, unchanged', (_, graph) => {
  expect(JSON.stringify(routeElementsInput.parse(graph))).toBe(JSON.stringify(graph));
});

test('rewrites the names of older releases', () => {
  const old = [
    start('a'),
    { ...rate({ window: undefined, interval: 60, technique: 'sliding' }, 'rate_limit'), outputs: { success: to('b') } },
    { ...when({ x: 1 }, 'condition'), id: 'b', outputs: { true: to('c'), false: to('end') } },
    { ...split({ '30%': to('end'), else: to('end') }), id: 'c' },
    { id: 'end', type: 'end' },
  ];
  expect(routeElementsInput.parse(old) as unknown).toEqual([
    start('a'),
    { ...rate(), outputs: { success: to('b') } },
    { ...when({ x: 1 }), id: 'b', outputs: { true: to('c'), false: to('end') } },
    { ...split({ '30%': to('end'), '70%': to('end') }), id: 'c' },
    end,
  ]);
});

const INVALID: [string, unknown, (string | number)[]][] = [
  ['no list', {}, []],
  ['an empty list', [], []],
  ['no start', [end], []],
  ['two starts', [start('end'), { ...start('end'), id: 'again' }, end], []],
  ['an unknown type', [start('end'), { id: 'a', type: 'magic', outputs: {} }, end], [1, 'type']],
  ['an id twice', [start(), model('a'), { ...end, id: 'a' }], [2, 'id']],
  ['an empty id', [start(''), end], [0, 'outputs', 'next', 'elementId']],
  ['an output to nowhere', [start('nope'), end], [0, 'outputs', 'next', 'elementId']],
  [
    'an output to the start',
    [start(), model('a', { success: to('start') }), end],
    [1, 'outputs', 'success', 'elementId'],
  ],
  ['a start that leads nowhere', [{ id: 's', type: 'start', outputs: {} }, end], [0, 'outputs', 'next']],
  ['a circle', [start(), model('a', { fallback: to('b') }), model('b', { fallback: to('a') })], [1, 'outputs']],
  ['an element that leads to itself', [start(), model('a', { fallback: to('a') })], [1, 'outputs']],
  [
    'a condition with one way only',
    [start(), { ...when({}), outputs: { true: to('end') } }, end],
    [1, 'outputs', 'false'],
  ],
  ['an unknown operator', [start(), when({ a: { $near: 1 } }), end], [1, 'properties', 'conditions']],
  ['an unknown logical operator', [start(), when({ $xor: [{}] }), end], [1, 'properties', 'conditions']],
  ['$and without a list', [start(), when({ $and: {} }), end], [1, 'properties', 'conditions']],
  ['$in without a list', [start(), when({ a: { $in: 1 } }), end], [1, 'properties', 'conditions']],
  ['a condition that is a text', [start(), when('a == 1'), end], [1, 'properties', 'conditions']],
  ['no shares', [start(), split({}), end], [1, 'outputs']],
  ['shares below 100', [start(), split({ '10%': to('end'), '80%': to('end') }), end], [1, 'outputs']],
  ['a share that is no percentage', [start(), split({ half: to('end') }), end], [1, 'outputs', 'half']],
  [
    'six shares',
    [
      start(),
      split(Object.fromEntries([10, 20, 30, 15, 5, 25].map((n, i) => [`${n}${'.0'.repeat(i && 1)}%`, to('end')]))),
      end,
    ],
    [1, 'outputs'],
  ],
  ['a window of 0', [start(), rate({ window: 0 }), end], [1, 'properties', 'window']],
  ['a negative limit', [start(), rate({ limit: -1 }), end], [1, 'properties', 'limit']],
  ['an unknown limit type', [start(), rate({ limitType: 'tokens' }), end], [1, 'properties', 'limitType']],
  ['a rate without key', [start(), rate({ key: '' }), end], [1, 'properties', 'key']],
  [
    'half a retry',
    [start(), { ...model('a'), properties: { provider: 'x', model: 'y', timeout: 0, retries: 0.5 } }, end],
    [1, 'properties', 'retries'],
  ],
];
test.each(INVALID)('refuses %s, and says where', (_, graph, path) => {
  const parsed = routeElementsInput.safeParse(graph);
  expect(parsed.error?.issues[0]?.path).toEqual(path);
});
