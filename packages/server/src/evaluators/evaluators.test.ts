import { expect, test } from 'bun:test';
import { EVALUATION_TYPE_IDS, type EvaluationTypeId } from '@headgate/contract';
import { logRecord } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/ports.ts';
import { EVALUATORS } from './index.ts';

const CASES: [string, EvaluationTypeId, Partial<LogRecord>[], string, number][] = [
  ['no logs', 'cost', [], '', 0],
  ['only unknown costs', 'cost', [{ costPico: null }], '', 0],
  ['a whole dollar', 'cost', [{ costPico: 1_000_000_000_000n }], '1', 1],
  ['a cache hit costs nothing, and counts', 'cost', [{ costPico: 0n }, { costPico: 4n }], '0.000000000002', 2],
  ['half a pico-dollar is rounded up', 'cost', [{ costPico: 0n }, { costPico: 1n }], '0.000000000001', 2],
  ['more than a number can hold', 'cost', [{ costPico: 123_456_789_123_456_789_012n }], '123456789.123456789012', 1],
  ['no logs', 'speed', [], '', 0],
  ['a third', 'speed', [{ durationMs: 1 }, { durationMs: 1 }, { durationMs: 2 }], '1.333', 3],
  ['no feedback', 'performance', [{ feedback: null }, { feedback: 0 }], '', 0],
  ['thumbs', 'performance', [{ feedback: 1 }, { feedback: -1 }, { feedback: 1 }, {}], '66.67', 3],
];
test.each(CASES)('%s: %s', (_, type, logs, result, totalLogs) => {
  const evaluator = EVALUATORS[type]();
  for (const fields of logs) evaluator.add(logRecord(fields));
  expect(evaluator.outcome()).toEqual({ result, totalLogs });
});

test('every evaluation type has an evaluator, and no other', () => {
  expect(Object.keys(EVALUATORS).sort()).toEqual([...EVALUATION_TYPE_IDS].sort());
});
