import { describe, expect, test } from 'bun:test';
import { type SlopePoint, slopeOf } from './soak-slope.ts';

/** The rule by which a soak run tells a leak from noise, on made-up series: one sample a second, 80 calls a second. */

const CALLS_PER_S = 80;
const MB = 2 ** 20;
const BASE = 200 * MB;
const LIMIT = { perCall: 512, noise: 8 * MB };

/** Noise that is the same on every run, from 0 to 1. */
function noiseFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Shape = (second: number, noise: number) => number;
function series(seconds: number, shape: Shape, seed: number): SlopePoint[] {
  const noise = noiseFrom(seed);
  return Array.from({ length: seconds }, (_, s) => ({ calls: s * CALLS_PER_S, value: BASE + shape(s, noise()) }));
}

const leak =
  (bytesPerCall: number, on: Shape): Shape =>
  (s, noise) =>
    on(s, noise) + bytesPerCall * CALLS_PER_S * s;
const flat: Shape = () => 0;
const noisy: Shape = (_s, noise) => noise * 40 * MB;
/** Fills up by 60 MB in 25 s and is collected. */
const sawtooth: Shape = (s, noise) => ((s % 25) / 25) * 60 * MB + noise * 4 * MB;
/** Grows fast while everything is new, then no more. */
const warmUp: Shape = (s, noise) => 150 * MB * (1 - Math.exp(-s / 30)) + noise * 10 * MB;
const oneStep: Shape = (s) => (s > 200 ? 6 * MB : 0);

describe.each([300, 1200])('over %d s', (seconds) => {
  test.each<[string, Shape, boolean]>([
    ['flat', flat, false],
    ['noise without a slope', noisy, false],
    ['the sawtooth of a garbage collector', sawtooth, false],
    ['growth that ends with the warm-up', warmUp, false],
    ['one small step', oneStep, false],
    ['shrinking', leak(-2048, noisy), false],
    ['1 KB a call', leak(1024, flat), true],
    ['1 KB a call after a warm-up', leak(1024, warmUp), true],
    ['2 KB a call under noise', leak(2048, noisy), true],
    ['2 KB a call under a sawtooth', leak(2048, sawtooth), true],
  ])('%s', (_name, shape, leaks) => {
    const verdicts = Array.from({ length: 50 }, (_, seed) => slopeOf(series(seconds, shape, seed), LIMIT)?.leaks);
    expect(new Set(verdicts)).toEqual(new Set([leaks]));
  });
});

test.each<[string, Shape]>([
  ['noise', noisy],
  ['a sawtooth', sawtooth],
])('over 1200 s 1 KB a call is seen under %s', (_name, on) => {
  const verdicts = Array.from({ length: 50 }, (_, seed) => slopeOf(series(1200, leak(1024, on), seed), LIMIT)?.leaks);
  expect(new Set(verdicts)).toEqual(new Set([true]));
});

test('the slope is told in units a call', () => {
  expect(slopeOf(series(300, leak(1000, flat), 1), LIMIT)?.perCall).toBeCloseTo(1000, 6);
});

test('too few samples say nothing', () => {
  expect(slopeOf(series(10, leak(1e6, flat), 1), LIMIT)).toBeNull();
});
