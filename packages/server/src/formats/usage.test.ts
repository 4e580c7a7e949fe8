import { expect, test } from 'bun:test';
import { emptyUsage, usageMetadata } from './index.ts';
import { addUsage, usageOf } from './usage.ts';

test('the whole prompt adds what the input leaves out', () => {
  const counts = { input: 4, cacheRead: 10, cacheWrite: 20, toolUsePrompt: 3 };
  expect(usageOf({ ...counts, cacheIncluded: false })?.inputFull).toBe(37);
  expect(usageOf({ ...counts, cacheIncluded: true })?.inputFull).toBe(7);
  expect(usageOf({ cacheRead: 10 })?.inputFull).toBeNull();
});

test('a usage without one counter is none, zero is a counter', () => {
  expect(usageOf({ input: null, units: {} })).toBeNull();
  expect(usageOf({ output: 0 })).toEqual({ ...emptyUsage(), output: 0 });
  expect(usageOf({ units: { search_units: 1 } })?.units).toEqual({ search_units: 1 });
});

test('usages add up counter by counter, and unknown stays unknown', () => {
  const one = usageOf({ input: 1, output: 2, units: { seconds: 1 } });
  const other = usageOf({ input: 3, reasoning: 4, units: { seconds: 2, images: 1 } });
  const sum = one && other && addUsage(one, other);
  expect(sum).toEqual({
    ...emptyUsage(),
    input: 4,
    inputFull: 4,
    output: 2,
    reasoning: 4,
    units: { seconds: 3, images: 1 },
  });
});

test('logs show known counters only, zero included, beside the billed units', () => {
  expect(usageMetadata(emptyUsage())).toEqual({});
  const usage = {
    ...emptyUsage(),
    input: 4,
    output: 0,
    total: 4,
    inputFull: 4,
    reasoning: 1,
    cacheRead: 2,
    cacheWrite: 3,
  };
  expect(usageMetadata({ ...usage, audioInput: 5, units: { web_search_requests: 6 } })).toEqual({
    input_tokens: 4,
    output_tokens: 0,
    total_tokens: 4,
    output_reasoning_tokens: 1,
    input_cached_tokens: 2,
    input_cache_write_tokens: 3,
    input_audio_tokens: 5,
    web_search_requests: 6,
  });
});
