/**
 * OpenAI chat completions, as OpenAI and the many who speak its format write them: Azure, Bedrock, Cerebras, DeepSeek,
 * Gemini, Groq, Hugging Face, Mistral, OpenRouter, Perplexity, Snowflake, vLLM, Writer, xAI and others.
 */
import type { Draft } from '../draft.ts';
import { readError, readHiddenError } from '../error.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { readMessage } from './message.ts';
import { openaiUsage, readCost } from './usage.ts';

export { openaiUsage, readCost } from './usage.ts';

export const openaiChat: WireFormat = { fits, decoder: chatDecoder };

function fits(value: Json): boolean {
  const { object, choices } = value;
  if (object === 'chat.completion' || object === 'chat.completion.chunk') return true;
  const [first] = asObjects(choices);
  if (first === undefined) return Array.isArray(choices) && ('prompt_filter_results' in value || 'usage' in value);
  return asObject(first.message) !== null || asObject(first.delta) !== null;
}

function chatDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    readHead(value, draft);
    const counted = readUsage(value, draft);
    readGroqError(value, draft);
    for (const [place, choice] of asObjects(value.choices).entries()) {
      const index = typeof choice.index === 'number' ? choice.index : place;
      if (index === 0) readChoice(choice, draft);
      else keepFurtherText(choice, draft, index);
    }
    // A finish reason alone is no end: the usage may follow it, and where none was asked for `[DONE]` does.
    if (counted && draft.finishReason !== null) draft.ended = true;
  };
  return { body: read, event: read };
}

/** Azure opens a stream with an empty id and model, and Snowflake's stay empty: empty ones are passed over. */
function readHead(value: Json, draft: Draft): void {
  draft.responseId ??= asName(value.id);
  draft.model = asName(value.model) ?? draft.model;
  draft.addTier(value.service_tier);
}

/** Groq writes one usage twice in a chunk, and older streams only in `x_groq`; Moonshot writes it into the choice. */
function readUsage(value: Json, draft: Draft): boolean {
  const raw =
    asObject(value.usage) ?? asObject(asObject(value.x_groq)?.usage) ?? asObject(asObjects(value.choices)[0]?.usage);
  if (raw === null) return false;
  draft.setUsage(openaiUsage(raw), raw);
  readCost(raw, draft);
  return true;
}

/** Groq says in its own part of a chunk why a stream stops early. */
function readGroqError(value: Json, draft: Draft): void {
  const error = asObject(value.x_groq)?.error;
  if (error !== undefined && error !== null) draft.setError(readHiddenError({ error }, draft.status));
}

/** `message` beside `delta` (Writer) and `text` beside `delta` (Hugging Face) hold the same text again. */
function readChoice(choice: Json, draft: Draft): void {
  const message = asObject(choice.delta) ?? asObject(choice.message);
  if (message !== null) readMessage(message, draft);
  // Mistral on Bedrock says `stop_reason`; vLLM writes both, and its `stop_reason` is the stop string or token.
  const finish = asName('finish_reason' in choice ? choice.finish_reason : choice.stop_reason);
  if (finish !== null) draft.finishReason = finish;
  const native = asName(choice.native_finish_reason);
  if (native !== null) draft.extra.native_finish_reason = native;
  // OpenRouter: a choice whose provider failed on the way.
  const error = asObject(choice.error);
  if (error !== null) draft.setError(readError({ error }, draft.status));
}

/** OpenAI allows 128 choices. */
const MAX_CHOICES = 128;

/** Texts of the choices after the first, in order. */
function keepFurtherText(choice: Json, draft: Draft, index: number): void {
  const text = asString((asObject(choice.delta) ?? asObject(choice.message))?.content);
  if (text === null || !Number.isInteger(index) || !(index >= 1 && index <= MAX_CHOICES)) return;
  draft.furtherTexts[index - 1] = draft.join(draft.furtherTexts[index - 1] ?? null, text);
}
