/** Cloudflare Workers AI `run` answers, once out of the `{result, success}` envelope. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, asString, type Json, jsonText } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';

export const workersAi: WireFormat = { fits, decoder: workersAiDecoder };

function fits(value: Json): boolean {
  if (typeof value.response === 'string' || typeof value.response === 'number')
    return !('id' in value) && !('object' in value);
  return asObject(value.response) !== null && 'usage' in value;
}

/** What stands in Cloudflare's envelope of a success, or the value itself where there is none. */
export function withoutEnvelope(value: Json): Json {
  return value.success === true ? (asObject(value.result) ?? value) : value;
}

function workersAiDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    draft.addText(textOf(value.response));
    for (const tool of asObjects(value.tool_calls)) readCall(tool, draft);
    const usage = asObject(value.usage);
    if (usage !== null) draft.setUsage(openaiUsage(usage), usage);
  };
  return { body: read, event: read };
}

/** JSON mode answers with an object, and a stream may write a token that looks like a number as one. */
function textOf(response: unknown): string | null {
  if (typeof response === 'number') return String(response);
  return asObject(response) === null ? asString(response) : jsonText(response);
}

function readCall(tool: Json, draft: Draft): void {
  const call = draft.call(draft.callCount);
  call.id = asName(tool.id);
  call.name = asName(tool.name);
  draft.setArgumentValue(call, tool.arguments ?? {});
}
