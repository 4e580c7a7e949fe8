import type { LogFilter, LogFilterKey } from '../log-ports.ts';
import type { Zone } from './chunk.ts';

export interface NumberCondition {
  /** NaN stands for missing. */
  holds(value: number): boolean;
  /** Whether it holds for all values within the zone, for none, or for some; null: nothing is known. */
  verdict(zone: Zone | null): 'all' | 'none' | 'some';
}

const PICO = 1e12;

/** Compares numbers by the value forms of the filter: dollars, ISO times, booleans as words or 1 and 0. */
export function numberCondition(
  key: LogFilterKey,
  operator: LogFilter['operator'],
  value: LogFilter['value'],
): NumberCondition {
  const parsed = value.map((item) => parse(key, item));
  const orMissing = parsed.includes(null);
  // What is no number equals nothing and is neither less nor greater.
  const numbers = parsed.flatMap((item) => (item === null || Number.isNaN(item) ? [] : item));
  switch (operator) {
    case 'eq':
    case 'contains':
      return equal(numbers, orMissing);
    case 'neq': {
      const { holds, verdict } = equal(numbers, orMissing);
      const contrary = { all: 'none', none: 'all', some: 'some' } as const;
      return { holds: (x) => !holds(x), verdict: (zone) => contrary[verdict(zone)] };
    }
    case 'lt': {
      const bound = Math.max(...numbers);
      return ordered((x) => x < bound);
    }
    case 'gt': {
      const bound = Math.min(...numbers);
      return ordered((x) => x > bound);
    }
  }
}

function equal(numbers: number[], orMissing: boolean): NumberCondition {
  const [only] = numbers;
  const holds =
    numbers.length === 1 && !orMissing
      ? (x: number) => x === only
      : (x: number) => (Number.isNaN(x) ? orMissing : numbers.includes(x));
  return {
    holds,
    verdict: (zone) => {
      if (zone === null) return 'some';
      const { min, max, missing } = zone;
      if (orMissing && missing) return min === null ? 'all' : 'some';
      if (min === null || max === null) return 'none';
      if (min === max && !missing && numbers.includes(min)) return 'all';
      return numbers.some((x) => x >= min && x <= max) ? 'some' : 'none';
    },
  };
}

/** For a test that is monotonous in the value, so that the ends of a zone speak for what lies between. */
function ordered(holds: (value: number) => boolean): NumberCondition {
  return {
    holds,
    verdict: (zone) => {
      if (zone === null) return 'some';
      if (zone.min === null || zone.max === null) return 'none';
      const [low, high] = [holds(zone.min), holds(zone.max)];
      if (low && high && !zone.missing) return 'all';
      return low || high ? 'some' : 'none';
    },
  };
}

/** Milliseconds of a `created_at` condition; null for missing, NaN for what can't be read. */
export function timeOf(value: LogFilter['value'][number]): number | null {
  if (value === null || value === '') return null;
  return typeof value === 'number' ? value : Date.parse(String(value));
}

/** Null stands for missing, NaN for what can't be read. */
function parse(key: LogFilterKey, value: LogFilter['value'][number]): number | null {
  if (value === null || value === '') return null;
  if (key === 'created_at') return timeOf(value);
  const word = String(value).toLowerCase();
  if (word === 'true' || word === 'false') return Number(word === 'true');
  return key === 'cost' ? Math.round(Number(value) * PICO) : Number(value);
}
