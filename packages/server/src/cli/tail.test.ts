import { expect, test } from 'bun:test';
import type { LogRow } from '@headgate/contract';
import { type LogRows, tail } from './tail.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');

interface Row {
  id: string;
  created_at: string;
}
const row = (id: string, afterMs: number): Row => ({ id, created_at: new Date(START + afterMs).toISOString() });

/** A log store with `logs.list`, newest first; `script` adds rows before each look after the first. */
async function follow(rows: Row[], script: (() => void)[], lines = 10): Promise<{ printed: string[]; calls: number }> {
  const printed: string[] = [];
  let calls = 0;
  const list: LogRows = async ({ filters = [], page = 1, per_page = 20 }) => {
    calls += 1;
    const since = String(filters[0]?.value[0] ?? '');
    const found = rows.filter((one) => one.created_at > since).sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    const items = found.slice((page - 1) * per_page, page * per_page) as LogRow[];
    return { items, info: { page, per_page, count: items.length, total_count: found.length } };
  };
  let look = 0;
  const wait = async () => {
    const step = script[look++];
    if (step === undefined) throw new Error('end of script');
    step();
  };
  await expect(tail({ list, print: ({ id }) => printed.push(id), wait, lines })).rejects.toThrow('end of script');
  return { printed, calls };
}

test('begins with the newest rows, oldest first', async () => {
  const rows = [row('a', 1), row('b', 2), row('c', 3)];
  expect((await follow(rows, [], 2)).printed).toEqual(['b', 'c']);
  expect((await follow(rows, [], 0)).printed).toEqual([]);
  expect((await follow(rows, [], 9)).printed).toEqual(['a', 'b', 'c']);
  expect((await follow([], [])).printed).toEqual([]);
});

test('prints each new row once, also one whose call began before a row that is shown', async () => {
  const rows = [row('a', 0)];
  const { printed } = await follow(rows, [
    () => rows.push(row('fast', 60_000)),
    () => undefined,
    () => rows.push(row('slow', 1_000), row('same time', 60_000)),
    () => undefined,
    () => rows.push(row('later', 900_000)),
    () => undefined,
  ]);
  expect(printed).toEqual(['a', 'fast', 'slow', 'same time', 'later']);
});

test('rows that were deleted hide no new ones', async () => {
  const many = (from: number, count: number) => Array.from({ length: count }, (_, n) => row(`r${from + n}`, from + n));
  const rows = many(0, 120);
  const { printed } = await follow(rows, [() => rows.splice(0, 60, ...many(120, 70))], 0);
  expect(printed).toEqual(many(120, 70).map(({ id }) => id));
});

test('more rows than a page are read page by page; a look without news is one request', async () => {
  const many = (from: number) => Array.from({ length: 120 }, (_, n) => row(`r${from + n}`, from + n));
  const rows = many(0);
  const { printed, calls } = await follow(rows, [() => rows.push(...many(120)), () => undefined], 3);
  expect(printed.slice(0, 3)).toEqual(['r117', 'r118', 'r119']);
  expect(printed.slice(3)).toEqual(many(120).map(({ id }) => id));
  const quiet = await follow(rows, [() => undefined, () => undefined]);
  const start = await follow(rows, []);
  expect(quiet.calls - start.calls).toBe(2);
  expect(calls).toBeLessThan(15);
});

test('with more traffic than a look can read, the newest thousand are shown and none twice', async () => {
  const burst = (from: number) => Array.from({ length: 3000 }, (_, n) => row(`r${from + n}`, from + n));
  const rows: Row[] = [];
  const { printed } = await follow(rows, [() => rows.push(...burst(0)), () => rows.push(...burst(3000))]);
  expect(printed).toEqual([...burst(2000).slice(0, 1000), ...burst(5000).slice(0, 1000)].map(({ id }) => id));
});
