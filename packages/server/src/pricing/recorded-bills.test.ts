import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { pathFormat, readRecording } from '../../../../test/conformance/reading.ts';
import { loadRecordings, type Recording } from '../../../../test/fixtures/recordings/load.ts';
import { costOfAnswer } from './answer-cost.ts';
import type { CostBreakdown } from './cost.ts';
import { type Exact, parseExact } from './exact.ts';
import { createPriceBook } from './price-book.ts';

/** Bills of recorded calls, as `bills.md` works them out. */

const atMs = Date.parse('2026-11-20T12:00:00Z');
const book = createPriceBook();
const recordings = new Map(loadRecordings().map((recording) => [recording.id, recording]));

interface Bill {
  id: string;
  /** Units, and pico-dollars for one. */
  lines: [units: number, pricePico: bigint][];
  totalPico: bigint;
}

const bills = readFileSync(new URL('./bills.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map(readBill);

/** `| id | model | 1,127 × $1.25/M + … | 0.00886075 |`. */
function readBill(line: string): Bill {
  const [, id = '', , sum = '', total = ''] = line.split('|').map((cell) => cell.trim());
  const lines = sum.split(' + ').map((term): Bill['lines'][number] => {
    const [, units = '', dollars = '', per = ''] = /^([\d,]+) × \$([\d.]+)\/([MK])$/.exec(term) ?? [];
    return [Number(units.replaceAll(',', '')), pico(dollars) / (per === 'M' ? 1_000_000n : 1000n)];
  });
  return { id: id.replaceAll('`', ''), lines, totalPico: pico(total) };
}

function pico(dollars: string): bigint {
  const { top, bottom }: Exact = parseExact(dollars) ?? { top: 0n, bottom: 1n };
  return (top * 10n ** 12n) / bottom;
}

function costOfRecording(recording: Recording): CostBreakdown | null {
  const { provider, request } = recording;
  const reading = readRecording(recording, pathFormat(recording));
  return costOfAnswer(book, { provider, modelAsked: request.model, reading, atMs, custom: null });
}

function recordingOf(id: string): Recording {
  const recording = recordings.get(id);
  if (recording === undefined) throw new Error(`no recording ${id}`);
  return recording;
}

test('the bills are many, each adds up, and none is there twice', () => {
  expect(bills.length).toBeGreaterThanOrEqual(60);
  expect(new Set(bills.map(({ id }) => id)).size).toBe(bills.length);
  for (const { lines, totalPico } of bills) {
    expect(lines.reduce((sum, [units, price]) => sum + BigInt(units) * price, 0n)).toBe(totalPico);
    expect(totalPico).toBeGreaterThan(0n);
  }
});

describe('a recorded call costs what its bill says', () => {
  test.each(bills.map((bill): [string, Bill] => [bill.id, bill]))('%s', (id, { lines, totalPico }) => {
    const cost = costOfRecording(recordingOf(id));
    expect(cost?.components.map(({ units, unitPricePico }) => [units, BigInt(unitPricePico)])).toEqual(lines);
    expect(cost?.totalPico).toBe(totalPico);
  });
});

test('every way of charging that was recorded has a bill', () => {
  const ways = (ids: readonly string[]) =>
    new Set(ids.flatMap((id) => costOfRecording(recordingOf(id))?.components.map(({ component }) => component) ?? []));
  expect(ways(bills.map(({ id }) => id))).toEqual(ways([...recordings.keys()]));
});
