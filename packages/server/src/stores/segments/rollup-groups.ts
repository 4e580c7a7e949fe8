/** By what roll-ups are kept: which dimensions together. */
import type { LogDimension, LogFilterKey } from '../log-ports.ts';
import type { Ending, Origin } from './row-codec.ts';

type Value = string | number | boolean | null;
type Group = Partial<Record<LogDimension, Value>>;

export const ORIGIN_DIMENSIONS: Partial<Record<LogDimension, (origin: Origin) => Value>> = {
  provider: (o) => o.provider,
  model: (o) => o.model,
  model_type: (o) => o.modelType,
  request_type: (o) => o.requestType,
  user_agent: (o) => o.userAgent,
  wholesale: (o) => o.wholesale,
};
export const ENDING_DIMENSIONS: Partial<Record<LogDimension, (ending: Ending) => Value>> = {
  outcome: (e) => e.outcome,
  status_code: (e) => e.statusCode,
  status_class: (e) => statusClass(e.statusCode),
  cached: (e) => e.cached,
};

/**
 * Sets of dimensions. A summary is answered by the first that has all it asks for. What varies by itself stands in a set
 * of its own: together they would have as many groups as there are rows. The order is part of the file format.
 */
export const CUBES: readonly (readonly LogDimension[])[] = [
  ['provider', 'model', 'model_type', 'wholesale', 'status_class', 'outcome', 'cached'],
  ['request_type', 'status_code'],
  ['user_agent'],
];

/** Dimensions that decide a filter. */
export const FILTER_DIMENSIONS: Partial<Record<LogFilterKey, LogDimension>> = {
  provider: 'provider',
  model: 'model',
  model_type: 'model_type',
  request_type: 'request_type',
  user_agent: 'user_agent',
  wholesale: 'wholesale',
  outcome: 'outcome',
  success: 'outcome',
  status_code: 'status_code',
  cached: 'cached',
};

/** As it is stored: `[cube, …values in the order of its dimensions]`, the same text for the same group. */
export function encodeGroup(cube: number, { origin, ending }: { origin: Origin; ending: Ending }): string {
  const values = (CUBES[cube] ?? []).map(
    (dimension) => ORIGIN_DIMENSIONS[dimension]?.(origin) ?? ENDING_DIMENSIONS[dimension]?.(ending) ?? null,
  );
  return JSON.stringify([cube, ...values]);
}

export function decodeGroup(json: string): { cube: number; group: Group } {
  const [cube, ...values] = JSON.parse(json) as [number, ...Value[]];
  const dimensions = CUBES[cube] ?? [];
  return { cube, group: Object.fromEntries(dimensions.map((dimension, i) => [dimension, values[i] ?? null])) };
}

/** The parts of profiles that filters on the dimensions of a group look at. */
export function profilesOf(group: Group): { origin: Partial<Origin>; ending: Partial<Ending> } {
  return {
    origin: {
      provider: String(group.provider),
      model: String(group.model),
      modelType: group.model_type === null ? null : String(group.model_type),
      requestType: String(group.request_type),
      userAgent: group.user_agent === null ? null : String(group.user_agent),
      wholesale: group.wholesale === true,
    },
    ending: {
      outcome: group.outcome as Ending['outcome'],
      statusCode: Number(group.status_code),
      cached: group.cached === true,
    },
  };
}

function statusClass(status: number): string {
  return status >= 100 && status <= 599 ? `${Math.floor(status / 100)}xx` : 'none';
}
