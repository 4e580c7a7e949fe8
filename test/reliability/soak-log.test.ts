import { expect, test } from 'bun:test';
import { wrongRows } from './soak-log.ts';
import type { Row } from './watching.ts';

const row = (id: string, event_id: string, more: Partial<Row> = {}): Row => ({
  ...{
    id,
    event_id,
    model: 'm',
    outcome: 'success',
    status_code: 200,
    tokens_in: 1,
    tokens_out: 1,
    cost: null,
    cached: false,
  },
  ...more,
});
const ROWS = [row('1', 'a'), row('2', 'b', { status_code: 503, outcome: 'error' }), row('3', 'b')];
const OWED = new Map([
  ['a', '200 success'],
  ['b', '503 error, 200 success'],
]);

test.each<[rule: string, rows: Row[], partly: boolean, wrong: RegExp | null]>([
  ['each call’s rows, whatever their order', ROWS.toReversed(), false, null],
  ['a row that is there twice', [...ROWS, row('1', 'a')], false, /^row 1 is there twice/],
  ['a second row of a call that owes one', [...ROWS, row('4', 'a')], false, /^a: should have left "200 success"/],
  ['no row', ROWS.slice(1), false, /^a: .* left "nothing"/],
  ['no row, where rows were deleted', ROWS.slice(1), true, null],
  ['one attempt’s row too few', ROWS.slice(0, 2), false, /^b: /],
  ['one too few also where whole calls were deleted', ROWS.slice(0, 2), true, /^b: /],
  ['another outcome', [row('1', 'a', { outcome: 'truncated' }), ...ROWS.slice(1)], false, /left "200 truncated"/],
  [
    'an answer of the provider that should be cached',
    [row('1', 'a', { cached: true }), ...ROWS.slice(1)],
    false,
    /cached/,
  ],
  ['a row of nobody', [...ROWS, row('4', 'c')], false, /^row 4 \(c\) belongs to no call/],
])('%s', (_rule, rows, partly, wrong) => {
  const found = wrongRows(rows, OWED, partly);
  if (wrong === null) expect(found).toEqual([]);
  else expect(found.join('\n')).toMatch(wrong);
});
