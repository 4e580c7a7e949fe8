/**
 * Tells a leak from noise. The rule:
 *  1. The first half of the samples is warm-up and is not looked at.
 *  2. The rest is cut into `WINDOWS` equal windows, and of each the least value counts: what is left right after a garbage
 *     collection is what is held, everything above it is not held for long.
 *  3. A line is laid through these least values by least squares; its slope has a standard error.
 *  4. It is a leak when the slope, less twice its standard error, is above the limit per call, and the line rises by more
 *     than `noise` over the samples looked at.
 */
export interface SlopeLimit {
  /** Growth that is let pass, in units a call. */
  perCall: number;
  /** Growth over the samples looked at that says nothing, in units. */
  noise: number;
}

export interface SlopePoint {
  /** Calls made when the sample was taken. */
  calls: number;
  value: number;
}

export interface Slope {
  /** Units a call. */
  perCall: number;
  /** Standard error of `perCall`. */
  error: number;
  /** Units over the samples looked at. */
  growth: number;
  leaks: boolean;
}

const WINDOWS = 6;

/** Null: too few samples to say anything. */
export function slopeOf(samples: readonly SlopePoint[], limit: SlopeLimit): Slope | null {
  const late = samples.slice(Math.floor(samples.length / 2));
  const floors = floorsOf(late);
  if (floors.length < WINDOWS) return null;
  const meanX = mean(floors.map(({ calls }) => calls));
  const meanY = mean(floors.map(({ value }) => value));
  const spread = sum(floors.map(({ calls }) => (calls - meanX) ** 2));
  if (spread === 0) return null;
  const perCall = sum(floors.map(({ calls, value }) => (calls - meanX) * (value - meanY))) / spread;
  const residuals = floors.map(({ calls, value }) => value - meanY - perCall * (calls - meanX));
  const error = Math.sqrt(sum(residuals.map((residual) => residual ** 2)) / (floors.length - 2) / spread);
  const growth = perCall * ((late.at(-1)?.calls ?? 0) - (late[0]?.calls ?? 0));
  return { perCall, error, growth, leaks: perCall - 2 * error > limit.perCall && growth > limit.noise };
}

function floorsOf(points: readonly SlopePoint[]): SlopePoint[] {
  const windows = Array.from({ length: WINDOWS }, (_, n) =>
    points.slice(Math.floor((n * points.length) / WINDOWS), Math.floor(((n + 1) * points.length) / WINDOWS)),
  );
  return windows.flatMap((window) => {
    const [first, ...others] = window;
    if (first === undefined) return [];
    return [others.reduce((least, point) => (point.value < least.value ? point : least), first)];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
