/** OpenAI Responses, also as Azure, Bedrock, DeepSeek and OpenRouter write it; with input token counts and compaction. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asCount, asName, asObject, asString, type Json } from '../json.ts';
import { openaiUsage, readCost } from '../openai-chat/index.ts';
import { readCallItem, readOutput } from './output.ts';

export { readCallItem } from './output.ts';

export const openaiResponses: WireFormat = { fits, decoder: responsesDecoder };

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

function fits(value: Json): boolean {
  const { object, type } = value;
  if (typeof object === 'string' && /^response(\.|$)/.test(object)) return true;
  return typeof type === 'string' && type.startsWith('response.');
}

function responsesDecoder(draft: Draft): Decoder {
  return {
    body(value) {
      if (value.object === 'response.input_tokens') draft.extra.counted_tokens = asCount(value.input_tokens);
      else readResponse(value, draft);
      readOutput(value.output, draft);
    },
    event(value) {
      const type = asString(value.type) ?? '';
      const response = asObject(value.response);
      if (response !== null) readResponse(response, draft);
      if (TERMINAL.has(type)) {
        draft.ended = true;
        // Deltas are the text; the final answer repeats them, and is needed only where there were none.
        readOutput(response?.output, draft, { text: draft.text === null, reasoning: draft.reasoningText === null });
      } else {
        readDelta(type, value, draft);
      }
    },
  };
}

function readResponse(response: Json, draft: Draft): void {
  draft.responseId = asName(response.id) ?? draft.responseId;
  draft.model = asName(response.model) ?? draft.model;
  draft.addTier(response.service_tier);
  draft.finishReason = asName(response.status) ?? draft.finishReason;
  const usage = asObject(response.usage);
  if (usage !== null) {
    draft.setUsage(openaiUsage(usage), usage);
    readCost(usage, draft);
  }
  const error = asObject(response.error);
  if (error !== null) draft.setError(failure(error, draft.status));
}

function failure(error: Json, httpStatus: number) {
  const code = typeof error.code === 'string' || typeof error.code === 'number' ? error.code : null;
  return { type: asName(error.type), code, message: asString(error.message), httpStatus };
}

function readDelta(type: string, value: Json, draft: Draft): void {
  const delta = asString(value.delta);
  if (type === 'response.output_text.delta') draft.addText(delta);
  else if (type === 'response.refusal.delta') draft.addRefusal(delta);
  else if (type === 'response.reasoning_text.delta' || type === 'response.reasoning_summary_text.delta') {
    draft.addReasoning(delta);
  } else if (type === 'response.output_item.added' || type === 'response.output_item.done') {
    const item = asObject(value.item);
    if (item !== null) readCallItem(item, draft);
  } else if (CALL_INPUT.test(type)) {
    const call = draft.findCall(asString(value.item_id) ?? '');
    if (call !== null) draft.addArguments(call, delta);
  }
}

const CALL_INPUT = /^response\.(function_call_arguments|custom_tool_call_input)\.delta$/;
