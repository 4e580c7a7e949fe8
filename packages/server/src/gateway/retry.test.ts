import { describe, expect, test } from 'bun:test';
import { isRetryableStatus, retryAfterMs, retryDelayMs } from './retry.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');

describe('Retry-After', () => {
  test.each<[string | null, number | null]>([
    [null, null],
    ['', null],
    ['0', 0],
    ['7', 7000],
    ['1.5', 1500],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['-5', null],
    ['abc 1', null],
    ['0x10', null],
    ['1e3', null],
  ])('%p is %p ms', (value, expected) => {
    expect(retryAfterMs(value, NOW)).toBe(expected);
  });
});

test.each([
  ['constant', 3, 100],
  ['linear', 3, 300],
  ['exponential', 1, 100],
  ['exponential', 3, 400],
  ['exponential', 20, 60_000],
] as const)('%s: retry %d waits at most %d ms, with full jitter', (backoff, retry, most) => {
  const policy = { retries: 5, delayMs: 100, backoff };
  const delay = (random: number) => retryDelayMs(retry, policy, { retryAfterMs: null, random: () => random });
  expect([delay(0), delay(0.5), delay(1)]).toEqual([0, most / 2, most]);
});

test('what the provider asks for goes before, up to a minute; beyond, trying again is no use', () => {
  const ask = (retryAfterMs: number) =>
    retryDelayMs(1, { retries: 1, delayMs: 5, backoff: 'constant' }, { retryAfterMs, random: () => 0 });
  expect([ask(7000), ask(60_000), ask(60_001)]).toEqual([7000, 60_000, null]);
});

test('only what may pass is tried again', () => {
  const statuses = [200, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 529];
  expect(statuses.filter(isRetryableStatus)).toEqual([408, 409, 429, 500, 503, 529]);
});
