import { expect, test } from 'bun:test';
import { behaviourOf, failsAt, LISTED_MODELS } from './behaviour.ts';

test.each([
  ['echo', { content: { kind: 'echo' } }],
  ['lorem', { content: { kind: 'lorem', tokens: 200 } }],
  ['lorem-7', { content: { kind: 'lorem', tokens: 7 } }],
  ['slow', { pace: { firstMs: 1_000, perTokenMs: 50, end: { kind: 'done' } } }],
  ['slow-2000-50', { pace: { firstMs: 2_000, perTokenMs: 20, end: { kind: 'done' } } }],
  [
    'slow-0-100-5',
    { content: { kind: 'lorem', tokens: 5 }, pace: { firstMs: 0, perTokenMs: 10, end: { kind: 'done' } } },
  ],
  [
    'cut',
    {
      content: { kind: 'lorem', tokens: 20 },
      pace: { firstMs: 0, perTokenMs: 10, end: { kind: 'cut', afterTokens: 10 } },
    },
  ],
  ['stall-3', { pace: { firstMs: 0, perTokenMs: 10, end: { kind: 'stall', afterTokens: 3 } } }],
  ['flaky-30', { fault: { kind: 'flaky', percent: 30 } }],
  ['error-429', { fault: { kind: 'status', status: 429 } }],
  ['json', { content: { kind: 'json' } }],
  ['tool-call', { content: { kind: 'tool-call' } }],
])('%s behaves as documented', (model, behaviour) => {
  expect(behaviourOf(model)).toMatchObject(behaviour);
});

test.each([
  '',
  'gpt-4o',
  'echo-1',
  'lorem-',
  'lorem-0',
  'lorem-100001',
  'lorem-1e3',
  'lorem-5-5',
  'error',
  'error-399',
  'error-600',
  'flaky-101',
  'slow-1-0',
  'Echo',
  'constructor',
])('%p is no model', (model) => {
  expect(behaviourOf(model)).toBeNull();
});

test('every listed model exists', () => {
  for (const model of LISTED_MODELS) expect(behaviourOf(model)).not.toBeNull();
});

test.each([0, 1, 30, 50, 99, 100])('%d of any 100 calls in a row fail', (percent) => {
  for (const start of [0, 17, 930]) {
    const failed = Array.from({ length: 100 }, (_, i) => failsAt(start + i, percent)).filter(Boolean).length;
    expect(failed).toBe(percent);
  }
});

test('the documentation lists every model and no other', async () => {
  const page = await Bun.file(new URL('../../../../docs/sandbox.md', import.meta.url)).text();
  const kindOf = (model: string) => model.replace(/(-(\d+|[A-Z]+))+$/, '');
  const documented = [...page.matchAll(/^\| `([^`/ ]+)`/gm)].map(([, model = '']) => kindOf(model));
  expect(documented.sort()).toEqual([...new Set(LISTED_MODELS.map(kindOf))].sort());
});
