import { expect, test } from 'bun:test';
import { uuidV7Source } from './ids.ts';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDv7 that carry their time, differ, and sort in the order in which they were made', () => {
  const next = uuidV7Source();
  const ids: string[] = [];
  for (let ms = 1_700_000_000_000; ms < 1_700_000_000_010; ms++) for (let i = 0; i < 3000; i++) ids.push(next(ms));
  expect(ids.every((id) => V7.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  expect(Number.parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000);
});

test('a clock that steps back does not make ids go back', () => {
  const next = uuidV7Source();
  const first = next(2000);
  expect(next(1000) > first).toBe(true);
});
