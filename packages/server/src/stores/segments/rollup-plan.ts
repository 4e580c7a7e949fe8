import type { LogDimension, LogFilter, LogSummaryQuery } from '../log-ports.ts';
import { compile, type RowTest } from './conditions.ts';
import { timeOf } from './number-test.ts';
import { CUBES, FILTER_DIMENSIONS, profilesOf } from './rollup-groups.ts';
import { HOUR_MS } from './rollup-codec.ts';
import type { Ending, Origin } from './row-codec.ts';

/** How a summary comes out of roll-ups. */
export interface RollupPlan {
  cube: number;
  /** Whole hours within the range of time, the end not one of them; perhaps none, perhaps without bounds. */
  fromHour: number;
  endHour: number;
  /** Whether the rows of a group pass the filters. */
  accepts(group: Partial<Record<LogDimension, string | number | boolean | null>>): boolean;
  /** Takes the rows that are in no whole hour; null when the range has no other. */
  rest: RowTest | null;
}

/** Null when roll-ups can't answer: spans that split an hour, or a filter or dimension that no cube has. */
export function rollupPlan({ filters, groupBy, spanMs }: LogSummaryQuery): RollupPlan | null {
  if (spanMs !== null && spanMs % HOUR_MS !== 0) return null;
  const bounds = filters.filter(({ key }) => key === 'created_at');
  const others = filters.filter(({ key }) => key !== 'created_at');
  const wanted = [...groupBy, ...others.map(({ key }) => FILTER_DIMENSIONS[key])];
  const cube = CUBES.findIndex((dimensions) => wanted.every((one) => one !== undefined && dimensions.includes(one)));
  const range = rangeOf(bounds);
  if (cube < 0 || range === null) return null;
  const fromHour = Math.floor(range.after / HOUR_MS) + 1;
  const endHour = Math.max(fromHour, Math.floor(range.before / HOUR_MS));
  const isWhole = fromHour === Number.NEGATIVE_INFINITY && endHour === Number.POSITIVE_INFINITY;
  const { origin: ofOrigin, ending: ofEnding } = compile({ filters: others });
  return {
    cube,
    fromHour,
    endHour,
    accepts: (group) => {
      const { origin, ending } = profilesOf(group);
      // The filters look at dimensions of the cube only, and those are there.
      return ofOrigin.every((test) => test(origin as Origin)) && ofEnding.every((test) => test(ending as Ending));
    },
    rest: isWhole ? null : outside(fromHour * HOUR_MS, endHour * HOUR_MS),
  };
}

/** The times between which rows must lie, neither one included; null for conditions that are no bounds. */
function rangeOf(bounds: LogFilter[]): { after: number; before: number } | null {
  let after = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  for (const { operator, value } of bounds) {
    const times = value.map(timeOf);
    if (times.length === 0 || times.some((time) => time === null || Number.isNaN(time))) return null;
    const known = times.filter((time) => time !== null);
    // Alternatives: the widest one decides.
    if (operator === 'gt') after = Math.max(after, Math.min(...known));
    else if (operator === 'lt') before = Math.min(before, Math.max(...known));
    else return null;
  }
  return { after, before };
}

function outside(fromMs: number, endMs: number): RowTest {
  return {
    verdict: (chunk) => {
      const { min = null, max = null } = chunk.zone('created') ?? {};
      if (min === null || max === null) return 'some';
      if (min >= fromMs && max < endMs) return 'none';
      return max < fromMs || min >= endMs ? 'all' : 'some';
    },
    apply: (chunk, mask) => {
      const created = chunk.numbers('created');
      for (let i = 0; i < mask.length; i++) {
        const at = created[i] ?? 0;
        if (at >= fromMs && at < endMs) mask[i] = 0;
      }
    },
  };
}
