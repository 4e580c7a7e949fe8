/** How long things take: counts in buckets that never change, so that counts of different times can be added. */

/** Ten bounds to a power of ten, each about a quarter above the one before (ISO 3, series R10). */
const SERIES = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800];
const POWERS = [0, 1, 2, 3, 4, 5];

/**
 * Upper bounds of the buckets in milliseconds, from 1 to 1,000,000, each part of its bucket. One bucket more takes what
 * is above.
 */
export const BUCKET_BOUNDS_MS: readonly number[] = [
  ...POWERS.flatMap((power) => SERIES.map((part) => (part * 10 ** power) / 100)),
  1_000_000,
];
export const BUCKETS = BUCKET_BOUNDS_MS.length + 1;

/** The bucket of `ms`. */
export function bucketOf(ms: number): number {
  let low = 0;
  let high = BUCKET_BOUNDS_MS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((BUCKET_BOUNDS_MS[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts by bucket, and what follows from them: percentiles in milliseconds, null without any count. */
export interface Distribution {
  /** As many as there are buckets. */
  counts: number[];
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export function distributionOf(counts: number[]): Distribution {
  return { counts, p50: quantile(counts, 0.5), p95: quantile(counts, 0.95), p99: quantile(counts, 0.99) };
}

/**
 * The value below which the share `q` of all lies, as if each bucket were filled evenly: at most a quarter off. Of what
 * is above the last bound only that bound is known.
 */
function quantile(counts: readonly number[], q: number): number | null {
  const rank = q * counts.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return null;
  let before = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && before + count >= rank) {
      const from = BUCKET_BOUNDS_MS[bucket - 1] ?? 0;
      const to = BUCKET_BOUNDS_MS[bucket] ?? from;
      return Math.round((from + ((to - from) * (rank - before)) / count) * 1000) / 1000;
    }
    before += count;
  }
  return BUCKET_BOUNDS_MS.at(-1) ?? null;
}
