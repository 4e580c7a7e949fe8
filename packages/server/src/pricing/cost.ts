import type { Usage } from '../formats/index.ts';
import { charge, type Exact, formatExact } from './exact.ts';
import type { PriceRow, RateName, Rates } from './row.ts';

/** One line of a bill. */
export interface CostComponent {
  component: RateName;
  /** Tokens, or what the component is counted in. */
  units: number;
  /** Pico-dollars for one unit: an exact decimal, or `n/d` where that has no end. */
  unitPricePico: string;
  /** `units × unitPricePico`, rounded half up to a whole pico-dollar where it is none. */
  costPico: bigint;
}

export interface CostBreakdown {
  /** Only what was used. */
  components: CostComponent[];
  /** The sum of the components. */
  totalPico: bigint;
}

/** So many units at this rate. Without a rate there is nothing to charge. */
export interface Line {
  component: RateName;
  units: number;
  rate: Exact | undefined;
}

/** Names under which answers report a unit, the billed one first: only the first that is there counts. */
const UNITS: readonly [RateName, readonly string[]][] = [
  ['citation', ['citation_tokens']],
  ['webSearch', ['web_search_requests', 'num_search_queries']],
  ['searchUnit', ['search_units']],
  ['second', ['billable_audio_seconds', 'seconds']],
  ['image', ['images', 'image_count']],
];

/**
 * What a call cost, exactly. Null when that is not known: no usage, or nothing in it that the row has a price for.
 * Rates of long prompts are chosen by the whole prompt. Cached input is billed apart, whether the provider counts it
 * as part of the input or not; what has no rate of its own (cache, audio, pictures) is ordinary input or output.
 */
export function costOf(usage: Usage | null, price: PriceRow): CostBreakdown | null {
  if (usage === null) return null;
  const rates = price.tiers.findLast(({ above }) => (usage.inputFull ?? 0) > above)?.rates ?? price.rates;
  const lines = new Lines();
  addPrompt(lines, usage, rates);
  addOutput(lines, usage, rates);
  addUnits(lines, usage, rates);
  lines.add('request', 1, rates.request);
  return lines.known ? lines.bill() : null;
}

/** Adds up lines; those without units or rate are left out. */
export function billOf(lines: readonly Line[]): CostBreakdown {
  const all = new Lines();
  for (const { component, units, rate } of lines) all.add(component, units, rate);
  return all.bill();
}

/** A bill that is being written. */
class Lines {
  /** Whether anything in it has a rate at all. */
  known = false;
  readonly #components: CostComponent[] = [];
  #totalPico = 0n;

  add(component: RateName, units: number, rate: Exact | undefined): void {
    if (rate === undefined) return;
    this.known = true;
    if (!(units > 0)) return;
    const costPico = charge(rate, units);
    this.#components.push({ component, units, unitPricePico: textOf(rate), costPico });
    this.#totalPico += costPico;
  }

  bill(): CostBreakdown {
    return { components: this.#components, totalPico: this.#totalPico };
  }
}

/** Rates are few, and in every bill. */
const texts = new WeakMap<Exact, string>();

function textOf(rate: Exact): string {
  let text = texts.get(rate);
  if (text === undefined) {
    text = formatExact(rate);
    texts.set(rate, text);
  }
  return text;
}

/**
 * The prompt, each token once. Answers say how many tokens were cached and how many were audio or pictures; where they
 * don't say how the two meet, cached tokens are taken for text as far as there is text.
 */
function addPrompt(lines: Lines, usage: Usage, rates: Rates): void {
  if (usage.inputFull === null) return;
  const { fresh, read, write, write1h } = splitPrompt(usage, usage.inputFull);
  const audio = rates.audioInput === undefined ? 0 : Math.min(usage.audioInput ?? 0, usage.inputFull);
  const image = rates.imageInput === undefined ? 0 : Math.min(usage.imageInput ?? 0, usage.inputFull - audio);
  const freshAudio = Math.min(audio - Math.min(usage.cacheReadAudio ?? 0, audio), fresh);
  const freshImage = Math.min(image - Math.min(usage.cacheReadImage ?? 0, image), fresh - freshAudio);
  const cachedAudio = Math.min(audio - freshAudio, read);
  const cachedImage = Math.min(image - freshImage, read - cachedAudio);
  const { input, cacheRead = input, cacheWrite = input, cacheWrite1h = cacheWrite } = rates;
  lines.add('input', fresh - freshAudio - freshImage, input);
  lines.add('audioInput', freshAudio, rates.audioInput);
  lines.add('imageInput', freshImage, rates.imageInput);
  lines.add('cacheRead', read - cachedAudio - cachedImage, cacheRead);
  lines.add('audioCacheRead', cachedAudio, rates.audioCacheRead ?? rates.cacheRead ?? rates.audioInput);
  lines.add('imageCacheRead', cachedImage, rates.imageCacheRead ?? rates.cacheRead ?? rates.imageInput);
  lines.add('cacheWrite', write - write1h, cacheWrite);
  lines.add('cacheWrite1h', write1h, cacheWrite1h);
}

/** Input that was neither read from nor written to a cache, and the cached parts. */
function splitPrompt(usage: Usage, whole: number): { fresh: number; read: number; write: number; write1h: number } {
  const read = Math.min(usage.cacheRead ?? 0, whole);
  const write = Math.min(usage.cacheWrite ?? 0, whole);
  // A provider may report the same tokens as read and as written; both are billed, and only what is neither was fresh.
  const fresh = read + write <= whole ? whole - read - write : whole - Math.max(read, write);
  return { fresh, read, write, write1h: Math.min(usage.cacheWrite1h ?? 0, write) };
}

/** The output, each token once. Reasoning is part of it, except where a provider bills and counts it apart. */
function addOutput(lines: Lines, usage: Usage, rates: Rates): void {
  if (usage.output === null) return;
  const audio = rates.audioOutput === undefined ? 0 : Math.min(usage.audioOutput ?? 0, usage.output);
  const image = rates.imageOutput === undefined ? 0 : Math.min(usage.imageOutput ?? 0, usage.output - audio);
  const reasoning = rates.reasoning === undefined ? 0 : (usage.reasoning ?? 0);
  const text = usage.output - audio - image;
  // More reasoning than output can't be a part of it.
  lines.add('output', reasoning <= text ? text - reasoning : text, rates.output);
  lines.add('audioOutput', audio, rates.audioOutput);
  lines.add('imageOutput', image, rates.imageOutput);
  lines.add('reasoning', reasoning, rates.reasoning);
}

function addUnits(lines: Lines, usage: Usage, rates: Rates): void {
  for (const [component, names] of UNITS) {
    const name = names.find((name) => usage.units[name] !== undefined);
    if (name !== undefined) lines.add(component, usage.units[name] ?? 0, rates[component]);
  }
}
