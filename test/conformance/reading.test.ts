import { describe, expect, test } from 'bun:test';
import type { Reading } from '../../packages/server/src/formats/index.ts';
import { emptyUsage } from '../../packages/server/src/formats/index.ts';
import { loadRecordings, type Recording } from '../fixtures/recordings/load.ts';
import { expectedSummary, pathFormat, readingDifferences, readRecording } from './reading.ts';
import { formatReadings } from './report.ts';

const recordings = loadRecordings();

/** A reader with one fault each, and the field in which it must show. */
const FAULTS: [field: string, fault: (reading: Reading) => Reading][] = [
  ['model', (reading) => ({ ...reading, model: `${reading.model}x` })],
  ['response_id', (reading) => ({ ...reading, responseId: `${reading.responseId}x` })],
  ['finish_reason', (reading) => ({ ...reading, finishReason: 'x' })],
  ['tokens_in', (reading) => counter(reading, 'input')],
  ['tokens_out', (reading) => counter(reading, 'output')],
  ['tokens_total', (reading) => counter(reading, 'total')],
  ['tokens_in_full', (reading) => counter(reading, 'inputFull')],
  ['cache_read_tokens', (reading) => counter(reading, 'cacheRead')],
  ['cache_write_tokens', (reading) => counter(reading, 'cacheWrite')],
  ['text', (reading) => ({ ...reading, text: `${reading.text ?? ''}x` })],
  ['reasoning_text', (reading) => ({ ...reading, reasoningText: `${reading.reasoningText ?? ''}x` })],
  ['refusal', (reading) => ({ ...reading, refusal: `${reading.refusal ?? ''}x` })],
  [
    'tool_calls',
    (reading) => ({ ...reading, toolCalls: [...reading.toolCalls, { id: 'x', name: 'x', arguments: {} }] }),
  ],
  ['error', (reading) => ({ ...reading, error: { type: 'x', code: null, message: null, httpStatus: null } })],
  ['stream', (reading) => ({ ...reading, stream: { events: -1, done: false, ended: false, malformed: 0 } })],
];

function counter(
  reading: Reading,
  name: 'input' | 'output' | 'total' | 'inputFull' | 'cacheRead' | 'cacheWrite',
): Reading {
  const usage = reading.usage ?? emptyUsage();
  return { ...reading, usage: { ...usage, [name]: (usage[name] ?? 0) + 1 } };
}

const read = (recording: Recording) => readRecording(recording, pathFormat(recording));
const named = (differences: string[]) => differences.map((found) => found.split(' ', 1)[0]);

describe('a fault of a reader shows', () => {
  test.each(FAULTS)('in %s, in every recording, and there alone', (field, fault) => {
    for (const recording of recordings) {
      expect(named(readingDifferences(recording, fault(read(recording))))).toEqual([field]);
    }
  });

  test('in reasoning_tokens, in every answer, and not in sessions, which the recordings do not sum', () => {
    for (const recording of recordings) {
      const usage = { ...(read(recording).usage ?? emptyUsage()), reasoning: 987_654 };
      const found = named(readingDifferences(recording, { ...read(recording), usage }));
      expect(found.includes('reasoning_tokens')).toBe(recording.stream_format !== 'websocket');
    }
  });

  test('in the order and the content of tool calls', () => {
    // Two calls that are the same in every word have no order.
    const several = recordings.filter((recording) => {
      const calls = read(recording).toolCalls.map((call) => JSON.stringify(call));
      return calls.length > 1 && new Set(calls).size === calls.length;
    });
    expect(several.length).toBeGreaterThan(5);
    for (const recording of several) {
      const reading = read(recording);
      const [first, ...others] = reading.toolCalls;
      if (first === undefined) throw new Error('no calls');
      for (const toolCalls of [others, [...others, first], [{ ...first, arguments: { other: 1 } }, ...others]]) {
        expect(named(readingDifferences(recording, { ...reading, toolCalls }))).toEqual(['tool_calls']);
      }
    }
  });

  test('in what only some providers have', () => {
    const rich = recordings.filter((recording) => 'cost' in expectedSummary(recording).extra);
    expect(rich.length).toBeGreaterThan(5);
    for (const recording of rich) {
      const reading = read(recording);
      const faulty = { ...reading, extra: { ...reading.extra, cost: -1 } };
      expect(named(readingDifferences(recording, faulty))).toEqual(['extra.cost']);
    }
  });
});

test('the report counts what is equal and lists the rest', () => {
  expect(formatReadings({ compared: 2, failures: [] })).toBe('\nreadings equal in every field: 2 of 2');
  const failures = [{ id: 'a', differences: ['text is read as "x", expected "y"'] }];
  expect(formatReadings({ compared: 2, failures }).split('\n').slice(1)).toEqual([
    'readings equal in every field: 1 of 2',
    '',
    'a (read)',
    '  text is read as "x", expected "y"',
  ]);
});
