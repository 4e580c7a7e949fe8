/** Ollama's own API: chat, generate and embed. Its OpenAI-like one is that format. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asFilled, asName, asObject, asObjects, asString, firstCount, type Json } from '../json.ts';
import { pick, usageOf } from '../usage.ts';

export const ollama: WireFormat = { fits, decoder: ollamaDecoder };

function fits(value: Json): boolean {
  return typeof value.done === 'boolean' || 'prompt_eval_count' in value || 'eval_count' in value;
}

function ollamaDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    const message = asObject(value.message) ?? {};
    draft.model = asName(value.model) ?? draft.model;
    draft.addText(asString(message.content) ?? asString(value.response));
    draft.addReasoning(asFilled(message.thinking) ?? asFilled(value.thinking));
    for (const tool of asObjects(message.tool_calls)) readCall(tool, draft);
    draft.finishReason = asName(value.done_reason) ?? draft.finishReason;
    if (value.done === true) draft.ended = true;
    readUsage(value, draft);
  };
  return { body: read, event: read };
}

function readCall(tool: Json, draft: Draft): void {
  const body = asObject(tool.function) ?? {};
  const call = draft.call(draft.callCount);
  call.id = asName(tool.id);
  call.name = asName(body.name);
  draft.setArgumentValue(call, body.arguments ?? {});
}

/** The counters stand in the last line, among timings. A prompt that was cached goes without its count. */
function readUsage(value: Json, draft: Draft): void {
  const raw = pick(value, ['prompt_eval_count', 'eval_count']);
  if (raw === null) return;
  draft.setUsage(usageOf({ input: firstCount(raw.prompt_eval_count), output: firstCount(raw.eval_count) }), raw);
}
