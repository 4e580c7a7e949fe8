import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asList, asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { readCohereUsage } from './usage.ts';

/** Cohere API v1: chat, generate, embed and tokenize; also Cohere's models behind Bedrock Invoke. */
export const cohereV1: WireFormat = { fits, decoder: v1Decoder };

const EVENTS = /^(stream-(start|end)|text-generation|tool-calls-(chunk|generation)|citation-generation|search-|debug)/;

function fits(value: Json): boolean {
  if (typeof value.event_type === 'string') return EVENTS.test(value.event_type);
  if ('generation_id' in value || 'response_type' in value) return true;
  if (Array.isArray(value.generations) || Array.isArray(value.token_strings)) return true;
  if ('is_finished' in value && typeof value.text === 'string') return true;
  return asObject(asObject(value.meta)?.api_version) !== null;
}

function v1Decoder(draft: Draft): Decoder {
  return {
    body(value) {
      readAnswer(value, draft, true);
    },
    event(value) {
      const type = asString(value.event_type);
      if (type === 'text-generation' || type === null) draft.addText(asString(value.text));
      if (type === 'stream-start') draft.responseId ??= asName(value.generation_id);
      const response = asObject(value.response);
      // The end repeats the whole text, which has come already.
      if (response !== null) readAnswer(response, draft, draft.text === null);
      draft.finishReason = asName(value.finish_reason) ?? draft.finishReason;
      if (type === 'stream-end' || value.is_finished === true) draft.ended = true;
    },
  };
}

function readAnswer(value: Json, draft: Draft, withText: boolean): void {
  const [generation] = asObjects(value.generations);
  const answer = generation ?? value;
  draft.responseId = asName(value.id) ?? asName(value.response_id) ?? asName(value.generation_id) ?? draft.responseId;
  draft.finishReason = asName(answer.finish_reason) ?? draft.finishReason;
  if (withText) draft.addText(asString(answer.text));
  for (const call of asObjects(value.tool_calls)) readCall(call, draft);
  if (Array.isArray(value.token_strings)) draft.extra.counted_tokens = asList(value.tokens).length;
  countVectors(value.embeddings, draft);
  readCohereUsage(value.meta, draft);
}

function readCall(tool: Json, draft: Draft): void {
  const call = draft.call(draft.callCount);
  call.name = asName(tool.name);
  draft.setArgumentValue(call, tool.parameters ?? {});
}

/** Vectors come as a list, or by type as an object of lists of the same length. */
function countVectors(embeddings: unknown, draft: Draft): void {
  const [first] = Object.values(asObject(embeddings) ?? { list: embeddings }).filter(Array.isArray);
  if (first !== undefined) draft.extra.vectors = first.length;
}
