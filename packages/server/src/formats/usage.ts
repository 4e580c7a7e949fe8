import { asObject, type Json, sumCounts } from './json.ts';
import type { Usage } from './reading.ts';

/** A usage with nothing known. */
export function emptyUsage(): Usage {
  return {
    input: null,
    output: null,
    total: null,
    inputFull: null,
    cacheRead: null,
    cacheWrite: null,
    cacheWrite1h: null,
    cacheReadAudio: null,
    cacheReadImage: null,
    reasoning: null,
    audioInput: null,
    audioOutput: null,
    imageInput: null,
    imageOutput: null,
    toolUsePrompt: null,
    cacheIncluded: true,
    units: {},
  };
}

/** Fills in what follows from the given counters; null when not one counter is known. */
export function usageOf(known: Partial<Omit<Usage, 'inputFull'>>): Usage | null {
  const usage: Usage = Object.assign(emptyUsage(), known);
  if (isEmpty(usage)) return null;
  usage.inputFull = wholePrompt(usage);
  return usage;
}

function isEmpty(usage: Usage): boolean {
  for (const counter of COUNTERS) if (usage[counter] !== null) return false;
  for (const _unit in usage.units) return false;
  return true;
}

const COUNTERS = [
  'input',
  'output',
  'total',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'cacheReadAudio',
  'cacheReadImage',
  'reasoning',
  'audioInput',
  'audioOutput',
  'imageInput',
  'imageOutput',
  'toolUsePrompt',
] as const satisfies readonly (keyof Usage)[];

function wholePrompt(usage: Usage): number | null {
  if (usage.input === null) return null;
  const cached = usage.cacheIncluded ? 0 : (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0);
  return usage.input + cached + (usage.toolUsePrompt ?? 0);
}

/** The sum of two usages, counter by counter. */
export function addUsage(one: Usage, other: Usage): Usage {
  const units = { ...one.units };
  for (const [name, value] of Object.entries(other.units)) units[name] = (units[name] ?? 0) + value;
  return {
    input: sumCounts(one.input, other.input),
    output: sumCounts(one.output, other.output),
    total: sumCounts(one.total, other.total),
    inputFull: sumCounts(one.inputFull, other.inputFull),
    cacheRead: sumCounts(one.cacheRead, other.cacheRead),
    cacheWrite: sumCounts(one.cacheWrite, other.cacheWrite),
    cacheWrite1h: sumCounts(one.cacheWrite1h, other.cacheWrite1h),
    cacheReadAudio: sumCounts(one.cacheReadAudio, other.cacheReadAudio),
    cacheReadImage: sumCounts(one.cacheReadImage, other.cacheReadImage),
    reasoning: sumCounts(one.reasoning, other.reasoning),
    audioInput: sumCounts(one.audioInput, other.audioInput),
    audioOutput: sumCounts(one.audioOutput, other.audioOutput),
    imageInput: sumCounts(one.imageInput, other.imageInput),
    imageOutput: sumCounts(one.imageOutput, other.imageOutput),
    toolUsePrompt: sumCounts(one.toolUsePrompt, other.toolUsePrompt),
    cacheIncluded: one.cacheIncluded,
    units,
  };
}

/** Names of units taken from one object. */
const MAX_UNITS = 32;

/** Billed units other than tokens: the positive numbers of an object, by name. Zero bills nothing and is left out. */
export function unitsOf(...sources: unknown[]): Record<string, number> {
  const units: Record<string, number> = {};
  for (const source of sources) {
    const object = asObject(source);
    if (object === null) continue;
    let seen = 0;
    for (const name in object) {
      if (seen === MAX_UNITS) break;
      seen += 1;
      const value = object[name];
      if (typeof value === 'number' && Number.isFinite(value) && value > 0) units[name] = value;
    }
  }
  return units;
}

/** Some fields of an object, e.g. the counters among other statistics; null where it has none of them. */
export function pick(source: Json, names: readonly string[]): Json | null {
  let found: Json | null = null;
  for (const name of names) {
    const value = source[name];
    if (value === undefined || value === null) continue;
    found ??= {};
    found[name] = value;
  }
  return found;
}

/**
 * The `usage_metadata` that logs show for a usage: known counters only, in tokens, and billed units under the
 * provider's own names.
 */
export function usageMetadata(usage: Usage): Record<string, number> {
  const counters: [string, number | null][] = [
    ['input_tokens', usage.input],
    ['output_tokens', usage.output],
    ['total_tokens', usage.total],
    ['output_reasoning_tokens', usage.reasoning],
    ['input_cached_tokens', usage.cacheRead],
    ['input_cache_write_tokens', usage.cacheWrite],
    ['input_cache_write_1h_tokens', usage.cacheWrite1h],
    ['input_audio_tokens', usage.audioInput],
    ['output_audio_tokens', usage.audioOutput],
    ['input_image_tokens', usage.imageInput],
    ['output_image_tokens', usage.imageOutput],
    ['input_tool_use_tokens', usage.toolUsePrompt],
  ];
  const known = counters.filter((entry): entry is [string, number] => entry[1] !== null);
  return { ...usage.units, ...Object.fromEntries(known) };
}
