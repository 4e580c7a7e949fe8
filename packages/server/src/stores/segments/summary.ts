import type { LogDimension, LogSummary, LogSummaryQuery } from '../ports.ts';
import type { Ending, Origin } from './row-codec.ts';
import type { Sink } from './scan.ts';

type Value = string | number | boolean | null;
type Reader<T> = (profile: T) => Value;

const ORIGIN_DIMENSIONS: Partial<Record<LogDimension, Reader<Origin>>> = {
  provider: (o) => o.provider,
  model: (o) => o.model,
  model_type: (o) => o.modelType,
  request_type: (o) => o.requestType,
  user_agent: (o) => o.userAgent,
  wholesale: (o) => o.wholesale,
};
const ENDING_DIMENSIONS: Partial<Record<LogDimension, Reader<Ending>>> = {
  outcome: (e) => e.outcome,
  status_code: (e) => e.statusCode,
  cached: (e) => e.cached,
};

/** Costs are added in two parts, since the sum of many may be more than a double holds. */
const COST_PART = 2 ** 26;

interface Sums extends Omit<LogSummary, 'fromMs' | 'group' | 'costPico'> {
  costHigh: number;
  costLow: number;
}

/** Adds up all matches of a scan by group and span of time. */
export class Summary {
  readonly #groupBy: readonly LogDimension[];
  readonly #spanMs: number | null;
  readonly #origins: Groups<Origin>;
  readonly #endings: Groups<Ending>;
  /** By span, then by origin group, then by ending group. */
  readonly #sums = new Map<number, Sums[][]>();

  constructor({ groupBy, spanMs }: Pick<LogSummaryQuery, 'groupBy' | 'spanMs'>) {
    this.#groupBy = groupBy;
    this.#spanMs = spanMs;
    this.#origins = new Groups(groupBy, ORIGIN_DIMENSIONS);
    this.#endings = new Groups(groupBy, ENDING_DIMENSIONS);
  }

  readonly sink: Sink = ({ chunk, mask, profiles }) => {
    const [originOf, endingOf] = [chunk.numbers('origin'), chunk.numbers('ending')];
    const [tokensIn, tokensOut, cost] = [chunk.numbers('tokensIn'), chunk.numbers('tokensOut'), chunk.numbers('cost')];
    const created = this.#spanMs === null ? null : chunk.numbers('created');
    const origins = profiles.origin.map((origin) => this.#origins.of(origin));
    const endings = profiles.ending.map((ending) => this.#endings.of(ending));
    for (let i = 0; i < mask.length; i++) {
      const ending = profiles.ending[endingOf[i] ?? -1];
      if (mask[i] === 0 || ending === undefined) continue;
      const span = created === null ? 0 : Math.floor((created[i] ?? 0) / (this.#spanMs ?? 1));
      const sums = this.#at(span, origins[originOf[i] ?? -1] ?? 0, endings[endingOf[i] ?? -1] ?? 0);
      add(sums, ending, { tokensIn: orZero(tokensIn[i]), tokensOut: orZero(tokensOut[i]), cost: orZero(cost[i]) });
    }
  };

  /** By time, then by the group's values as JSON. */
  result(): LogSummary[] {
    const summaries = [...this.#sums].flatMap(([span, byOrigin]) =>
      byOrigin.flatMap((byEnding, origin) =>
        byEnding.map((sums, ending) => {
          const values = { ...this.#origins.values(origin), ...this.#endings.values(ending) };
          const group = Object.fromEntries(this.#groupBy.map((dimension) => [dimension, values[dimension] ?? null]));
          return { key: JSON.stringify(group), summary: summaryOf(sums, this.#spanMs && span * this.#spanMs, group) };
        }),
      ),
    );
    summaries.sort((a, b) => (a.summary.fromMs ?? 0) - (b.summary.fromMs ?? 0) || (a.key < b.key ? -1 : 1));
    return summaries.map(({ summary }) => summary);
  }

  #at(span: number, origin: number, ending: number): Sums {
    let byOrigin = this.#sums.get(span);
    if (byOrigin === undefined) {
      byOrigin = [];
      this.#sums.set(span, byOrigin);
    }
    byOrigin[origin] ??= [];
    const byEnding = byOrigin[origin];
    byEnding[ending] ??= {
      requests: 0,
      errors: 0,
      cached: 0,
      tokensIn: 0,
      tokensOut: 0,
      cachedTokensIn: 0,
      cachedTokensOut: 0,
      costHigh: 0,
      costLow: 0,
    };
    return byEnding[ending];
  }
}

function add(
  sums: Sums,
  { outcome, cached }: Ending,
  row: { tokensIn: number; tokensOut: number; cost: number },
): void {
  sums.requests += 1;
  sums.tokensIn += row.tokensIn;
  sums.tokensOut += row.tokensOut;
  sums.costHigh += Math.floor(row.cost / COST_PART);
  sums.costLow += row.cost % COST_PART;
  if (outcome !== 'success') sums.errors += 1;
  if (!cached) return;
  sums.cached += 1;
  sums.cachedTokensIn += row.tokensIn;
  sums.cachedTokensOut += row.tokensOut;
}

function summaryOf(
  { costHigh, costLow, ...sums }: Sums,
  fromMs: number | null,
  group: LogSummary['group'],
): LogSummary {
  return { fromMs, group, ...sums, costPico: BigInt(costHigh) * BigInt(COST_PART) + BigInt(costLow) };
}

function orZero(value = Number.NaN): number {
  return Number.isNaN(value) ? 0 : value;
}

/** Numbers the combinations of values that profiles have in the dimensions asked for. */
class Groups<T extends object> {
  readonly #dimensions: [LogDimension, Reader<T>][];
  readonly #known = new WeakMap<T, number>();
  readonly #numbers = new Map<string, number>();
  readonly #values: Partial<Record<LogDimension, Value>>[] = [];

  constructor(groupBy: readonly LogDimension[], readers: Partial<Record<LogDimension, Reader<T>>>) {
    this.#dimensions = groupBy.flatMap((dimension) => {
      const reader = readers[dimension];
      return reader === undefined ? [] : [[dimension, reader] as [LogDimension, Reader<T>]];
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

  values(number: number): Partial<Record<LogDimension, Value>> {
    return this.#values[number] ?? {};
  }
}
