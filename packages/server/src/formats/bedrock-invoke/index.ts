/**
 * Amazon Bedrock Invoke: the answers of model families that have no format of their own elsewhere (Titan, Llama, Mistral
 * text, AI21 Jurassic, embeddings, images). Claude, Nova, Cohere and the OpenAI-like ones answer in their own formats.
 */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asList, asName, asObject, asObjects, asString, firstCount, type Json } from '../json.ts';
import { pick, usageOf } from '../usage.ts';

export { completeInvocationUsage } from './usage.ts';

type Family = (value: Json, draft: Draft) => void;

export const bedrockFamilies: WireFormat = {
  fits: (value) => familyOf(value) !== null,
  decoder(draft): Decoder {
    const read = (value: Json) => familyOf(value)?.(value, draft);
    return { body: read, event: read };
  },
};

function familyOf(value: Json): Family | null {
  if ('inputTextTokenCount' in value || 'outputText' in value || 'totalOutputTextTokenCount' in value) return readTitan;
  if (typeof value.generation === 'string' && 'stop_reason' in value) return readLlama;
  if (typeof asObjects(value.outputs)[0]?.text === 'string') return readMistral;
  if (asObject(asObjects(value.completions)[0]?.data) !== null) return readJurassic;
  if (Array.isArray(value.embeddings) && 'embeddingType' in (asObjects(value.embeddings)[0] ?? {})) return readVectors;
  return null;
}

function readTitan(value: Json, draft: Draft): void {
  const result = asObjects(value.results)[0] ?? value;
  draft.addText(asString(result.outputText));
  finish(result.completionReason, draft);
  const output = firstCount(value.totalOutputTextTokenCount, result.tokenCount);
  addUsage({ input: firstCount(value.inputTextTokenCount), output }, draft);
  draft.addRaw(pick({ ...value, ...result }, ['inputTextTokenCount', 'tokenCount', 'totalOutputTextTokenCount']));
}

/** In a stream the prompt is counted in the first piece only, and the output so far in each. */
function readLlama(value: Json, draft: Draft): void {
  draft.addText(asString(value.generation));
  finish(value.stop_reason, draft);
  const output = firstCount(value.generation_token_count);
  addUsage({ input: firstCount(value.prompt_token_count), output }, draft);
  draft.addRaw(pick(value, ['prompt_token_count', 'generation_token_count']));
}

function readMistral(value: Json, draft: Draft): void {
  const [first] = asObjects(value.outputs);
  draft.addText(asString(first?.text));
  finish(first?.stop_reason, draft);
}

/** Jurassic counts nothing, but lists every token of the prompt and of the answer. */
function readJurassic(value: Json, draft: Draft): void {
  const [first] = asObjects(value.completions);
  const data = asObject(first?.data) ?? {};
  const prompt = asObject(value.prompt);
  draft.addText(asString(data.text));
  finish(asObject(first?.finishReason)?.reason, draft);
  const input = Array.isArray(prompt?.tokens) ? asList(prompt.tokens).length : null;
  addUsage({ input, output: Array.isArray(data.tokens) ? data.tokens.length : null }, draft);
}

function readVectors(value: Json, draft: Draft): void {
  draft.extra.vectors = asObjects(value.embeddings).length;
}

function finish(reason: unknown, draft: Draft): void {
  const word = asName(reason);
  if (word === null) return;
  draft.finishReason = word;
  draft.ended = true;
}

function addUsage(counts: { input: number | null; output: number | null }, draft: Draft): void {
  const { input, output } = counts;
  const usage = usageOf({ input: input ?? draft.usage?.input ?? null, output: output ?? draft.usage?.output ?? null });
  draft.setUsage(usage, null);
}
