import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { BUCKET_BOUNDS_MS, BUCKETS, bucketOf, distributionOf } from './distribution.ts';

const countsOf = (values: number[]) => {
  const counts = Array<number>(BUCKETS).fill(0);
  for (const value of values) {
    const bucket = bucketOf(value);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
};

test('bounds rise from a millisecond to a thousand seconds, none by more than 28 percent', () => {
  expect([BUCKET_BOUNDS_MS[0], BUCKET_BOUNDS_MS.at(-1), BUCKETS]).toEqual([1, 1_000_000, 62]);
  for (const [i, bound] of BUCKET_BOUNDS_MS.slice(1).entries()) {
    const ratio = bound / (BUCKET_BOUNDS_MS[i] ?? 0);
    expect(ratio).toBeGreaterThan(1.2);
    expect(ratio).toBeLessThan(1.281);
  }
});

test.each([
  [0, 0],
  [1, 0],
  [1.01, 1],
  [100, 20],
  [100.001, 21],
  [1_000_000, 60],
  [1_000_000.5, 61],
  [Number.MAX_VALUE, 61],
])('%d ms is in bucket %d: a bound is part of its bucket', (ms, bucket) => {
  expect(bucketOf(ms)).toBe(bucket);
});

test.each([
  ['nothing has no percentiles', [], [null, null, null]],
  ['one bucket is taken as filled evenly', Array<number>(100).fill(90), [90, 99, 99.8]],
  ['above the last bound only that is known', [2_000_000], [1_000_000, 1_000_000, 1_000_000]],
  ['halves', [...Array<number>(50).fill(10), ...Array<number>(50).fill(1000)], [10, 980, 996]],
] as const)('%s', (_rule, values, [p50, p95, p99]) => {
  expect(distributionOf(countsOf([...values]))).toMatchObject({ p50, p95, p99 });
});

test('a percentile is at most a bucket off the true one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
      const { p50, p95, p99 } = distributionOf(countsOf(values));
      const sorted = values.toSorted((a, b) => a - b);
      for (const [q, estimate] of [
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
      ] as const) {
        const truth = sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
        expect(bucketOf((estimate ?? 0) - 0.001)).toBeLessThanOrEqual(bucketOf(truth));
        expect(bucketOf((estimate ?? 0) + 0.001)).toBeGreaterThanOrEqual(bucketOf(truth));
      }
    }),
  );
});
