import { emptyUsage, type FormatName, jsonText, type Reading, type Usage } from '../formats/index.ts';
import type { UsageSource } from '../stores/log-ports.ts';
import type { Countable, TokenCounter } from '../tokens/index.ts';
import type { Step, Trail } from './call.ts';
import { waitsToBeAsked } from './stream-usage.ts';

/** Formats whose answers are billed by tokens, and whether they wrap texts into messages. */
const COUNTED: Partial<Record<FormatName, { chat: boolean }>> = {
  'openai-chat': { chat: true },
  'openai-responses': { chat: true },
  'openai-completions': { chat: false },
  'anthropic-messages': { chat: true },
  'google-generate': { chat: true },
  'bedrock-converse': { chat: true },
  'bedrock-invoke': { chat: true },
  'cohere-v1': { chat: true },
  'cohere-v2': { chat: true },
  'workers-ai': { chat: true },
  ollama: { chat: true },
  tgi: { chat: false },
};

/** What has to be counted of an ended answer, and what its usage is called then. */
interface Gap {
  readonly source: Exclude<UsageSource, 'provider'>;
  readonly what: Countable;
}

/**
 * Fills in the usage of a stream that ended well without one, or was cut off before it came. Null where nothing is to be
 * counted: then nothing is awaited, either. Answers in one piece, errors, cached answers and what is not billed by tokens
 * stay without.
 */
export function missingUsage(trail: Trail, counter: TokenCounter): Promise<void> | null {
  const gap = gapOf(trail);
  return gap === null ? null : fill(trail, gap, counter);
}

/** Whether the answer to this step will have to be counted: nobody asks for its usage. */
export function expectsNoUsage(step: Step): boolean {
  return !step.asksUsage && waitsToBeAsked(step);
}

function gapOf(trail: Trail): Gap | null {
  const { reading, statusCode, end, cached, method } = trail;
  const format = COUNTED[trail.format];
  const isGood = trail.streamed && statusCode >= 200 && statusCode < 300 && method === 'POST' && !cached;
  if (reading === null || format === undefined || !isGood || reading.error !== null) return null;
  const isCut = end === 'cancelled' || end === 'truncated';
  const hasUsage = reading.usage !== null;
  const isGap = isCut
    ? !hasUsage || reading.extra.output_begun === true
    : !hasUsage && end === 'done' && isAnswer(reading);
  if (!isGap) return null;
  const counted = { model: reading.model ?? trail.modelAsked, chat: format.chat, output: textsOf(reading) };
  // A reported input counts: then it is only the output that had not come to its end.
  const prompt = hasUsage ? null : trail.requestBody;
  return { source: isCut ? 'relayed' : 'estimated', what: { ...counted, prompt } };
}

async function fill(trail: Trail, { source, what }: Gap, counter: TokenCounter): Promise<void> {
  const counts = await counter.count(what);
  const { reading } = trail;
  if (reading === null) return;
  if (reading.usage === null) {
    trail.reading = { ...reading, usage: usageOf(counts.input, counts.output) };
  } else if (counts.output > (reading.usage.output ?? 0)) {
    trail.reading = { ...reading, usage: { ...reading.usage, output: counts.output, total: null } };
  } else return;
  trail.usageSource = source;
}

function usageOf(input: number | null, output: number): Usage {
  return { ...emptyUsage(), input, inputFull: input, output, total: (input ?? 0) + output };
}

/** Whether there is something that a model made. */
function isAnswer({ text, reasoningText, refusal, toolCalls, finishReason }: Reading): boolean {
  const made = text ?? reasoningText ?? refusal ?? finishReason;
  return made !== null || toolCalls.length > 0;
}

function textsOf({ text, reasoningText, refusal, toolCalls, extra }: Reading): string[] {
  const further: unknown[] = Array.isArray(extra.further_texts) ? extra.further_texts : [];
  const calls = toolCalls.flatMap(({ name, arguments: given }) => [
    name,
    typeof given === 'string' ? given : jsonText(given ?? {}),
  ]);
  return [text, reasoningText, refusal, ...calls, ...further].filter((part) => typeof part === 'string');
}
