/** Cautious access to parsed JSON of unknown shape: the wrong type reads as null. */

export type Json = Record<string, unknown>;

export function asObject(value: unknown): Json | null {
  return isObject(value) ? value : null;
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list; whatever else it holds is left out. Called for every event, so no list is made in vain. */
export function asObjects(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return NONE;
  return value.every(isObject) ? value : value.filter(isObject);
}

const NONE: readonly Json[] = [];

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asString(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A string with at least one character. */
export function asFilled(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Longest id, model or other name that is believed, in characters; it bounds what a hostile answer makes us keep. */
const MAX_NAME = 1024;

/** An id or name. Providers write `""` for one they have not decided on yet. */
export function asName(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME ? value : null;
}

/** The same, where the empty string is kept as it was written. */
export function asLabel(value: unknown): string | null {
  return value === '' ? value : asName(value);
}

/**
 * A counter: a non-negative number, rounded (`3.0` is written by some), or its decimal digits (headers).
 * `null` for everything else, so a missing counter never turns into zero.
 */
export function asCount(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 && number <= Number.MAX_SAFE_INTEGER
    ? Math.round(number)
    : null;
}

/** The first of several places that holds a counter. */
export function firstCount(...values: unknown[]): number | null {
  for (const value of values) {
    const count = asCount(value);
    if (count !== null) return count;
  }
  return null;
}

/** The sum of what is known, null where nothing is. */
export function sumCounts(...values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** Parses JSON; `undefined` where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON text of a parsed value; null where it is nested too deeply to be written. */
export function jsonText(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}
