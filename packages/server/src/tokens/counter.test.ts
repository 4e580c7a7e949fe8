import { afterEach, expect, test } from 'bun:test';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import type { Countable } from './count.ts';
import { createTokenCounter, type TokenCounter } from './counter.ts';

const SENTENCE = 'Tokenisation is surprisingly unpredictable, isn’t it?';
const prompt = (content: string) => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] }));
const what = (content = SENTENCE): Countable => ({
  model: 'gpt-5',
  prompt: prompt(content),
  chat: true,
  output: [SENTENCE, 'ok'],
});
const EXACT = { input: countTokens(SENTENCE) + 7, output: countTokens(SENTENCE) + 1 };
const LENGTH = Math.ceil(Buffer.byteLength(SENTENCE) / 4);
const ROUGH = { input: LENGTH + 7, output: LENGTH + 1 };

let counter: TokenCounter;
const problems: unknown[] = [];
const start = () => {
  const clock = new FakeClock();
  counter = createTokenCounter({ clock, onProblem: (error) => problems.push(error) });
  return clock;
};
afterEach(() => {
  counter.close();
  expect(problems).toEqual([]);
});

test('the two ways of counting differ here', () => {
  start();
  expect(EXACT).not.toEqual(ROUGH);
});

test('counts with the model’s tokenizer, again and again', async () => {
  start();
  counter.expect('gpt-5');
  expect(await Promise.all([counter.count(what()), counter.count(what())])).toEqual([EXACT, EXACT]);
  expect(await counter.count({ ...what(), prompt: null })).toEqual({ ...EXACT, input: null });
  expect(await counter.count({ ...what(), prompt: Buffer.from('no JSON') })).toEqual({ ...EXACT, input: null });
});

test('what is not counted within a moment is counted by length', async () => {
  const clock = start();
  const counting = counter.count(what());
  clock.advance(50);
  expect(await counting).toEqual(ROUGH);
  expect(await counter.count(what())).toEqual(EXACT);
});

test('what is too large, or too much at once, is counted by length', async () => {
  const clock = start();
  const large = await counter.count(what('word '.repeat(300_000)));
  expect(large.input).toBeGreaterThan(300_000);
  expect(large.output).toBe(ROUGH.output);
  const many = Array.from({ length: 64 }, () => counter.count(what()));
  expect(await counter.count(what())).toEqual(ROUGH);
  expect(await Promise.all(many)).toEqual(Array(64).fill(EXACT));
  clock.advance(50);
});

test('the thread ends when it is idle, and comes back', async () => {
  const clock = start();
  expect(await counter.count(what())).toEqual(EXACT);
  clock.advance(5 * 60_000);
  expect(await counter.count(what())).toEqual(EXACT);
});

test('closed, it counts by length, also what was being counted', async () => {
  start();
  const counting = counter.count(what());
  counter.close();
  expect(await counting).toEqual(ROUGH);
  expect(await counter.count(what())).toEqual(ROUGH);
});
