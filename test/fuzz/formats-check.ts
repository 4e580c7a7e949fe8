import {
  type AnswerReader,
  createReader,
  type FormatName,
  type Reading,
} from '../../packages/server/src/formats/index.ts';
import { costOfAnswer, createPriceBook } from '../../packages/server/src/pricing/index.ts';
import type { Chance } from './formats-random.ts';

/** One answer to read. */
export interface Input {
  format: FormatName;
  contentType: string;
  status: number;
  body: Uint8Array;
}

/** Bound for text that the readers are given here, in bytes. */
export const TEXT_BYTES = 32 * 1024;
/** What a reading may hold beside its text: usage as written, an error message, names and units. */
const BESIDE_BYTES = 2 * 64 * 1024 + 64 * 1024;
/** And for each call: id and name. */
const CALL_BYTES = 2 * 1024;
/** Longest that one input may take; the slowest of them take a few hundredths of it. */
const MAX_MS = 5000;

const prices = createPriceBook();
const HEADERS: Record<string, string> = {
  'x-amzn-bedrock-input-token-count': '12',
  'x-prompt-tokens': 'x',
  'x-amzn-errortype': 'A:b',
};

/**
 * Reads an input whole and in pieces. Returns what is wrong: it threw, the two readings differ, a counter is none, more is
 * kept than the bounds allow, it took too long, or its price is not the sum of its parts. Null where nothing is.
 */
export function wrongWith(input: Input, chance: Chance): string | null {
  try {
    const started = performance.now();
    const whole = readIn(input, [input.body]);
    const took = performance.now() - started;
    if (took > MAX_MS) return `took ${Math.round(took)} ms`;
    const pieces = readIn(input, cut(input.body, chance));
    if (!Bun.deepEquals(whole, pieces, true)) return 'reads otherwise in pieces';
    return wrongReading(whole, TEXT_BYTES);
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

function readIn({ format, contentType, status }: Input, pieces: Iterable<Uint8Array>): Reading {
  const header = (name: string) => HEADERS[name] ?? null;
  const reader: AnswerReader = createReader({ format, contentType, status, header, maxTextBytes: TEXT_BYTES });
  for (const piece of pieces) reader.push(piece);
  return reader.end();
}

function* cut(bytes: Uint8Array, chance: Chance): Generator<Uint8Array> {
  const most = chance.pick([1, 7, 100, 5000]);
  // Byte by byte only what is short.
  const size = bytes.length > 20_000 ? Math.max(most, 100) : most;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + chance.below(size);
    yield bytes.slice(at, end);
    at = end;
  }
}

/** What is wrong with a reading, whatever it was read from: see `wrongWith`. */
export function wrongReading(reading: Reading, textBytes: number): string | null {
  return wrongCounters(reading) ?? wrongSize(reading, textBytes) ?? wrongCost(reading);
}

function wrongCounters({ usage, stream }: Reading): string | null {
  const { units = {}, cacheIncluded: _included, ...counters } = usage ?? {};
  for (const [name, count] of Object.entries(counters)) {
    if (count !== null && !(Number.isInteger(count) && count >= 0)) return `${name} is ${count}`;
  }
  for (const [name, count] of Object.entries(units)) {
    if (!(Number.isFinite(count) && count > 0)) return `unit ${name} is ${count}`;
  }
  if (stream !== null && stream.malformed > stream.events) return 'more events are malformed than there are';
  return stream?.done === true && !stream.ended ? 'done, but not ended' : null;
}

function wrongSize(reading: Reading, bound: number): string | null {
  const { text, reasoningText, refusal, toolCalls, extra, ...rest } = reading;
  const { further_texts: further, tool_plan: plan, ...more } = extra;
  const argumentBytes = toolCalls.map((call) => weightOf(call.arguments));
  const texts = [text, reasoningText, refusal, further, plan].map(weightOf);
  const textBytes = [...texts, ...argumentBytes].reduce((sum, bytes) => sum + bytes, 0);
  // Counted in characters and once for each value, where the reader counts bytes.
  if (textBytes > bound + 8 * 1024 + 8 * toolCalls.length) return `keeps ${textBytes} bytes of text`;
  const beside = weightOf(rest) + weightOf(more);
  const names = toolCalls.reduce((sum, { id, name }) => sum + (id?.length ?? 0) + (name?.length ?? 0), 0);
  if (names > CALL_BYTES * toolCalls.length) return `keeps ${names} bytes of names`;
  return beside > BESIDE_BYTES ? `keeps ${beside} bytes beside its text` : null;
}

/** Characters of a value and of all that it holds. */
function weightOf(value: unknown): number {
  let weight = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    weight += typeof next === 'string' ? next.length : 1;
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, inner] of Object.entries(next)) {
      weight += Array.isArray(next) ? 0 : key.length;
      open.push(inner);
    }
  }
  return weight;
}

function wrongCost(reading: Reading): string | null {
  const input = { modelAsked: 'gpt-4o', reading: { ...reading, model: null }, atMs: 1_790_000_000_000, custom: null };
  for (const provider of ['openai', 'perplexity-ai', 'anthropic']) {
    const modelAsked =
      provider === 'openai' ? 'gpt-4o-audio-preview' : provider === 'anthropic' ? 'claude-sonnet-4-5' : 'sonar';
    const cost = costOfAnswer(prices, { ...input, provider, modelAsked });
    if (cost === null) continue;
    const sum = cost.components.reduce((all, { costPico }) => all + costPico, 0n);
    if (sum !== cost.totalPico || sum < 0n) return `costs ${cost.totalPico}, its parts ${sum}`;
  }
  return null;
}
