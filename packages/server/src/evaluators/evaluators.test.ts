import { expect, test } from 'bun:test';
import { EVALUATION_TYPE_IDS, type EvaluationParameters, type EvaluationTypeId } from '@headgate/contract';
import { logRecord } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/log-ports.ts';
import { createEvaluator, regexProblem } from './index.ts';

const ROWS: [string, EvaluationTypeId, Partial<LogRecord>[], string, number][] = [
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
  ['no logs', 'success_rate', [], '', 0],
  ['only success is success', 'success_rate', [{}, { outcome: 'cancelled' }, { outcome: 'refused' }], '33.33', 3],
  ['all', 'success_rate', [{}, {}], '100', 2],
  ['none', 'cached_share', [{}, {}], '0', 2],
  ['a quarter', 'cached_share', [{ cached: true }, {}, {}, {}], '25', 4],
  ['no answer began', 'latency_p95', [{ latencyMs: null }], '', 0],
  ['one log', 'latency_p95', [{ latencyMs: 0.25 }, { latencyMs: null }], '0.25', 1],
  ['1 to 100', 'latency_p95', Array.from({ length: 100 }, (_, n) => ({ latencyMs: 100 - n })), '95', 100],
  ['the slowest of a few', 'latency_p95', [{ latencyMs: 3 }, { latencyMs: 12_345.6 }, { latencyMs: 1 }], '12350', 3],
  [
    'half of them slow',
    'latency_p95',
    [{ latencyMs: 5 }, { latencyMs: 5 }, { latencyMs: 7 }, { latencyMs: 7 }],
    '7',
    4,
  ],
  ['no tokens known', 'tokens_per_answer', [{ tokensOut: null }], '', 0],
  ['zero is a number', 'tokens_per_answer', [{ tokensOut: 0 }, { tokensOut: 5 }, { tokensOut: null }], '2.5', 2],
];
test.each(ROWS)('%s: %s', async (_, type, logs, result, totalLogs) => {
  const evaluator = await createEvaluator(type, {});
  expect(evaluator.readsAnswers).toBeUndefined();
  for (const fields of logs) evaluator.add(logRecord(fields), null);
  expect(evaluator.outcome()).toEqual({ result, totalLogs });
});

const text = (wanted: string, ignore_case = false) => ({ text: wanted, ignore_case });
const pattern = (one: string, ignore_case = false) => ({ pattern: one, ignore_case });

const ANSWERS: [string, EvaluationTypeId, EvaluationParameters, (string | null)[], string, number][] = [
  ['no text is kept', 'exact_match', { exact_match: text('a') }, [null, null], '', 0],
  ['white space around', 'exact_match', { exact_match: text('yes ') }, ['yes\n', ' yes', 'yes.', 'Yes'], '50', 4],
  ['any case', 'exact_match', { exact_match: text('Yes', true) }, ['YES', 'no', null], '50', 2],
  ['an empty answer is an answer', 'contains', { contains: text('a') }, ['', 'cat'], '50', 2],
  ['case matters', 'contains', { contains: text('Paris') }, ['in Paris!', 'paris', 'Par is'], '33.33', 3],
  ['case does not', 'contains', { contains: text('ÄRGER', true) }, ['viel Ärger'], '100', 1],
  ['signs of a pattern are text', 'contains', { contains: text('a.c') }, ['abc', 'a.c'], '50', 2],
  ['values of every kind', 'json_validity', {}, ['{"a":1}', ' [1] ', '1', '"x"', 'null'], '100', 5],
  ['what is none', 'json_validity', {}, ['', '{', "{'a':1}", '```json\n{}\n```', '{} {}', null], '0', 5],
  ['anywhere', 'regex', { regex: pattern('\\d{3}') }, ['call 911', '12', 'a 1234'], '66.67', 3],
  ['whole answers', 'regex', { regex: pattern('^\\w+$') }, ['word', 'two words'], '50', 2],
  ['case', 'regex', { regex: pattern('yes|no', true) }, ['NO', 'maybe'], '50', 2],
  ['its own flags', 'regex', { regex: pattern('(?s)a.b') }, ['a\nb'], '100', 1],
];
test.each(ANSWERS)('%s: %s', async (_, type, parameters, answers, result, totalLogs) => {
  const evaluator = await createEvaluator(type, parameters);
  expect(evaluator.readsAnswers).toBe(true);
  for (const answer of answers) evaluator.add(logRecord(), answer);
  expect(evaluator.outcome()).toEqual({ result, totalLogs });
});

test('every evaluation type has an evaluator', async () => {
  const parameters = { exact_match: text('a'), contains: text('a'), regex: pattern('a') };
  for (const type of EVALUATION_TYPE_IDS) {
    expect((await createEvaluator(type, parameters)).outcome()).toEqual({ result: '', totalLogs: 0 });
  }
});

test('a type without the parameters that it needs has none', async () => {
  for (const type of ['exact_match', 'contains', 'regex'] as const) {
    await expect(createEvaluator(type, {})).rejects.toThrow('parameters');
  }
});

test.each(['(a+)+$', '(a|aa)*$', '(.*a){20}$', '(?:[ab]?){200}[cd]$', '(a|b|ab)*(a|b){100}[cd]'])(
  '%s, which would hang a backtracking engine, is searched in bounded time',
  async (one) => {
    const evaluator = await createEvaluator('regex', { regex: pattern(one) });
    const startMs = performance.now();
    evaluator.add(logRecord(), `${'ab'.repeat(500_000)}!`);
    expect(performance.now() - startMs).toBeLessThan(3000);
    expect(evaluator.outcome().totalLogs).toBe(1);
  },
);

test('patterns that can not be matched in linear time, and broken ones, are refused', async () => {
  for (const one of ['(a)\\1', 'a(?=b)', '(?<!a)b', '(', 'a{2000}', '*', '[z-a]']) {
    expect(await regexProblem(pattern(one))).toMatch(/^error parsing regexp/);
  }
  expect(await regexProblem(pattern('(?:[ab]?){900}'))).toBe('The pattern is too large: repeat less');
  expect(await regexProblem(pattern('^[a-z]+(?:, [a-z]+)*$'))).toBeNull();
});
