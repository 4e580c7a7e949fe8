/**
 * What is added up of rows: one vector of doubles to a group, sums first, then a count for each bucket of the two times.
 * All entries are whole numbers, so that taking a row out again leaves what was there before it.
 */
import { BUCKETS, bucketOf, distributionOf } from '../../lib/index.ts';
import type { LogSums } from '../log-ports.ts';

/** The order is part of the file format. */
const SUMS = [
  'requests',
  'errors',
  'cached',
  'tokensIn',
  'tokensOut',
  'cachedTokensIn',
  'cachedTokensOut',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'costHigh',
  'costLow',
  'savedHigh',
  'savedLow',
] as const;
type SumName = (typeof SUMS)[number];
const AT = Object.fromEntries(SUMS.map((name, at) => [name, at])) as Record<SumName, number>;

export const SUM_COUNT = SUMS.length;
const DURATIONS_AT = SUM_COUNT;
const LATENCIES_AT = SUM_COUNT + BUCKETS;
export const VECTOR_LENGTH = SUM_COUNT + 2 * BUCKETS;

/** `VECTOR_LENGTH` long, or `SUM_COUNT` where the times are not wanted. */
export type Vector = Float64Array;

/** Money is added in two parts, since the sum of many amounts may be more than a double holds. */
const PART = 2 ** 26;
const PART_BITS = 26n;

export interface Money {
  high: number;
  low: number;
}

/** What a row adds. Missing is 0, for times NaN. */
export interface Measured {
  failed: boolean;
  cached: boolean;
  tokensIn: number;
  tokensOut: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
  cost: Money;
  saved: Money;
  duration: number;
  latency: number;
}

/** Adds a row to `vector`, or with `sign` -1 takes it out. */
export function addRow(vector: Vector, row: Measured, sign: 1 | -1): void {
  plus(vector, AT.requests, sign);
  if (row.failed) plus(vector, AT.errors, sign);
  plus(vector, AT.tokensIn, sign * row.tokensIn);
  plus(vector, AT.tokensOut, sign * row.tokensOut);
  if (row.cached) {
    plus(vector, AT.cached, sign);
    plus(vector, AT.cachedTokensIn, sign * row.tokensIn);
    plus(vector, AT.cachedTokensOut, sign * row.tokensOut);
  }
  plus(vector, AT.cacheReadTokens, sign * row.cacheRead);
  plus(vector, AT.cacheWriteTokens, sign * row.cacheWrite);
  plus(vector, AT.reasoningTokens, sign * row.reasoning);
  plus(vector, AT.costHigh, sign * row.cost.high);
  plus(vector, AT.costLow, sign * row.cost.low);
  plus(vector, AT.savedHigh, sign * row.saved.high);
  plus(vector, AT.savedLow, sign * row.saved.low);
  if (vector.length === SUM_COUNT) return;
  if (!Number.isNaN(row.duration)) plus(vector, DURATIONS_AT + bucketOf(row.duration), sign);
  if (!Number.isNaN(row.latency)) plus(vector, LATENCIES_AT + bucketOf(row.latency), sign);
}

export function requestsOf(vector: Vector): number {
  return vector[AT.requests] ?? 0;
}

/** Pico-dollars in two parts; nothing for NaN. Exact for what a double holds exactly. */
export function moneyOf(pico: number): Money {
  if (Number.isNaN(pico) || pico === 0) return NOTHING;
  const high = Math.floor(pico / PART);
  return { high, low: pico - high * PART };
}

const NOTHING: Money = { high: 0, low: 0 };
/** Fewer digits than that are a whole number that a double holds. */
const SAFE_DIGITS = 15;

/** The same from decimal digits, all 64 bits of them. */
export function moneyOfText(pico: string | null): Money {
  if (pico === null) return NOTHING;
  if (pico.length <= SAFE_DIGITS) return moneyOf(Number(pico));
  const amount = BigInt(pico);
  const high = amount >> PART_BITS;
  return { high: Number(high), low: Number(amount - (high << PART_BITS)) };
}

export function sumsOf(vector: Vector): LogSums {
  const sum = (name: SumName) => vector[AT[name]] ?? 0;
  const money = (high: SumName, low: SumName) => (BigInt(sum(high)) << PART_BITS) + BigInt(sum(low));
  const withTimes = vector.length > SUM_COUNT;
  const times = (from: number) => distributionOf(Array.from(vector.subarray(from, from + BUCKETS)));
  return {
    requests: sum('requests'),
    errors: sum('errors'),
    cached: sum('cached'),
    tokensIn: sum('tokensIn'),
    tokensOut: sum('tokensOut'),
    cachedTokensIn: sum('cachedTokensIn'),
    cachedTokensOut: sum('cachedTokensOut'),
    cacheReadTokens: sum('cacheReadTokens'),
    cacheWriteTokens: sum('cacheWriteTokens'),
    reasoningTokens: sum('reasoningTokens'),
    costPico: money('costHigh', 'costLow'),
    savedPico: money('savedHigh', 'savedLow'),
    durations: withTimes ? times(DURATIONS_AT) : null,
    latencies: withTimes ? times(LATENCIES_AT) : null,
  };
}

function plus(vector: Vector, at: number, value: number): void {
  vector[at] = (vector[at] ?? 0) + value;
}
