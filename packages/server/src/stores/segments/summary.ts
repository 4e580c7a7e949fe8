import type { LogDimension, LogSummary, LogSummaryQuery } from '../log-ports.ts';
import type { NumberColumn } from './columns.ts';
import {
  addRow,
  type Measured,
  moneyOf,
  requestsOf,
  SUM_COUNT,
  sumsOf,
  type Vector,
  VECTOR_LENGTH,
} from './measures.ts';
import { ENDING_DIMENSIONS, ORIGIN_DIMENSIONS } from './rollup-groups.ts';
import type { Ending, Origin } from './row-codec.ts';
import type { Sink } from './scan.ts';

type Group = LogSummary['group'];

/** There would be more summaries than the query allows. */
export class TooManySummaries extends Error {}

/** Summaries begun beyond twice the limit. */
const SPARE = 1000;

/** Adds up rows and roll-ups by group and span of time. */
export class Summary {
  readonly #query: LogSummaryQuery;
  readonly #origins: Parts<Origin>;
  readonly #endings: Parts<Ending>;
  /** Groups by the JSON of their values, which `#values` has by number. */
  readonly #numbers = new Map<string, number>();
  readonly #values: Group[] = [];
  /** The group of an origin's part and an ending's part. */
  readonly #pairs: number[][] = [];
  /** By span, then by group. */
  readonly #spans = new Map<number, Vector[]>();
  #count = 0;

  constructor(query: LogSummaryQuery) {
    this.#query = query;
    this.#origins = new Parts(query.groupBy, ORIGIN_DIMENSIONS);
    this.#endings = new Parts(query.groupBy, ENDING_DIMENSIONS);
  }

  /** Whether distributions are wanted. */
  get withTimes(): boolean {
    return this.#query.withDistributions;
  }

  /** @throws TooManySummaries */
  readonly sink: Sink = ({ chunk, mask, profiles }) => {
    const { spanMs, withDistributions } = this.#query;
    const [originOf, endingOf] = [chunk.numbers('origin'), chunk.numbers('ending')];
    const [tokensIn, tokensOut] = [chunk.numbers('tokensIn'), chunk.numbers('tokensOut')];
    const [cacheRead, cacheWrite] = [chunk.numbers('cacheRead'), chunk.numbers('cacheWrite')];
    const reasoning = chunk.numbers('reasoning');
    const [cost, saved] = [chunk.numbers('cost'), chunk.numbers('saved')];
    const durations = withDistributions ? chunk.numbers('duration') : NONE;
    const latencies = withDistributions ? chunk.numbers('latency') : NONE;
    const created = spanMs === null ? NONE : chunk.numbers('created');
    const origins = profiles.origin.map((origin) => this.#origins.of(origin));
    const endings = profiles.ending.map((ending) => this.#endings.of(ending));
    for (let i = 0; i < mask.length; i++) {
      const ending = profiles.ending[endingOf[i] ?? -1];
      if (mask[i] === 0 || ending === undefined) continue;
      const measured: Measured = {
        failed: ending.outcome !== 'success',
        cached: ending.cached,
        tokensIn: orZero(tokensIn[i]),
        tokensOut: orZero(tokensOut[i]),
        cacheRead: orZero(cacheRead[i]),
        cacheWrite: orZero(cacheWrite[i]),
        reasoning: orZero(reasoning[i]),
        cost: moneyOf(cost[i] ?? Number.NaN),
        saved: moneyOf(saved[i] ?? Number.NaN),
        duration: durations[i] ?? Number.NaN,
        latency: latencies[i] ?? Number.NaN,
      };
      const group = this.#pair(origins[originOf[i] ?? -1] ?? 0, endings[endingOf[i] ?? -1] ?? 0);
      addRow(this.vector(created[i] ?? 0, group), measured, 1);
    }
  };

  /** The number of the group that has these values, among others. */
  groupOf(values: Group): number {
    const group = Object.fromEntries(this.#query.groupBy.map((dimension) => [dimension, values[dimension] ?? null]));
    const key = JSON.stringify(group);
    const number = this.#numbers.get(key) ?? this.#values.push(group) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  /**
   * Where the rows of `group` that were made at `createdMs` are added up.
   * @throws TooManySummaries
   */
  vector(createdMs: number, group: number): Vector {
    const { spanMs, limit, withDistributions } = this.#query;
    const span = spanMs === null ? 0 : Math.floor(createdMs / spanMs);
    let groups = this.#spans.get(span);
    if (groups === undefined) {
      groups = [];
      this.#spans.set(span, groups);
    }
    const known = groups[group];
    if (known !== undefined) return known;
    this.#count += 1;
    // Some may come to nothing in the end: see `result`.
    if (limit !== null && this.#count > 2 * limit + SPARE) throw new TooManySummaries();
    const vector = new Float64Array(withDistributions ? VECTOR_LENGTH : SUM_COUNT);
    groups[group] = vector;
    return vector;
  }

  /**
   * By time, then by the group's values as JSON.
   * @throws TooManySummaries
   */
  result(): LogSummary[] {
    const { spanMs, limit } = this.#query;
    const keys = this.#values.map((group) => JSON.stringify(group));
    const order = [...keys.keys()].sort((a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : 1));
    const summaries = [...this.#spans]
      .sort(([a], [b]) => a - b)
      .flatMap(([span, vectors]) =>
        order.flatMap((group) => {
          const vector = vectors[group];
          // Where roll-ups count rows that came and went, nothing is left.
          if (vector === undefined || requestsOf(vector) === 0) return [];
          return { fromMs: spanMs && span * spanMs, group: this.#values[group] ?? {}, ...sumsOf(vector) };
        }),
      );
    if (limit !== null && summaries.length > limit) throw new TooManySummaries();
    return summaries;
  }

  #pair(origin: number, ending: number): number {
    this.#pairs[origin] ??= [];
    const pairs = this.#pairs[origin];
    pairs[ending] ??= this.groupOf({ ...this.#origins.values(origin), ...this.#endings.values(ending) });
    return pairs[ending];
  }
}

const NONE: NumberColumn = new Float64Array(0);

function orZero(value = Number.NaN): number {
  return Number.isNaN(value) ? 0 : value;
}

/** Numbers the combinations of values that profiles have in the dimensions asked for. */
class Parts<T extends object> {
  readonly #dimensions: [LogDimension, (profile: T) => Group[LogDimension]][];
  readonly #known = new WeakMap<T, number>();
  readonly #numbers = new Map<string, number>();
  readonly #values: Group[] = [];

  constructor(
    groupBy: readonly LogDimension[],
    readers: Partial<Record<LogDimension, (profile: T) => Group[LogDimension]>>,
  ) {
    this.#dimensions = groupBy.flatMap((dimension) => {
      const reader = readers[dimension];
      return reader === undefined ? [] : [[dimension, reader] as [LogDimension, typeof reader]];
    });
  }

  of(profile: T): number {
    const known = this.#known.get(profile);
    if (known !== undefined) return known;
    const values = Object.fromEntries(this.#dimensions.map(([dimension, read]) => [dimension, read(profile)]));
    const key = JSON.stringify(values);
    const number = this.#numbers.get(key) ?? this.#values.push(values) - 1;
    this.#numbers.set(key, number);
    this.#known.set(profile, number);
    return number;
  }

  values(number: number): Group {
    return this.#values[number] ?? {};
  }
}
