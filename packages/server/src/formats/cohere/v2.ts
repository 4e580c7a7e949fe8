import type { Draft } from '../draft.ts';
import { readError } from '../error.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asFilled, asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { readCohereUsage } from './usage.ts';

/** Cohere API v2: chat, plain and streamed. */
export const cohereV2: WireFormat = { fits, decoder: v2Decoder };

const EVENTS = /^(message-(start|end)|content-(start|delta|end)|tool-(plan-delta|call-(start|delta|end))|citation-)/;

function fits(value: Json): boolean {
  if (typeof value.type === 'string') return EVENTS.test(value.type);
  const usage = asObject(value.usage);
  return asObject(value.message) !== null && usage !== null && ('billed_units' in usage || 'tokens' in usage);
}

function v2Decoder(draft: Draft): Decoder {
  return {
    body(value) {
      draft.responseId = asName(value.id);
      draft.finishReason = asName(value.finish_reason);
      readMessage(asObject(value.message) ?? {}, draft);
      readCohereUsage(value.usage, draft);
    },
    event(value) {
      const delta = asObject(value.delta) ?? {};
      draft.responseId ??= asName(value.id);
      readPiece(value, asObject(delta.message) ?? {}, draft);
      if (value.type !== 'message-end') return;
      draft.finishReason = asName(delta.finish_reason);
      readCohereUsage(delta.usage, draft);
      if (asFilled(delta.error) !== null) draft.setError(readError({ error: delta.error }, draft.status));
      draft.ended = true;
    },
  };
}

function readMessage(message: Json, draft: Draft): void {
  for (const part of asObjects(message.content)) readPart(part, draft);
  addPlan(asFilled(message.tool_plan), draft);
  for (const [index, tool] of asObjects(message.tool_calls).entries()) readCall(tool, draft, index);
}

/** In a stream `content` and `tool_calls` hold one object each, and the index stands beside the delta. */
function readPiece(value: Json, message: Json, draft: Draft): void {
  const part = asObject(message.content);
  if (part !== null) readPart(part, draft);
  addPlan(asFilled(message.tool_plan), draft);
  const tool = asObject(message.tool_calls);
  if (tool !== null) readCall(tool, draft, typeof value.index === 'number' ? value.index : 0);
}

function readPart(part: Json, draft: Draft): void {
  draft.addText(asString(part.text));
  draft.addReasoning(asString(part.thinking));
}

function readCall(tool: Json, draft: Draft, index: number): void {
  const call = draft.call(index);
  const body = asObject(tool.function);
  call.id ??= asName(tool.id);
  call.name ??= asName(body?.name);
  draft.addArguments(call, asString(body?.arguments));
}

/** What the model says it will do with its tools is neither text nor reasoning. */
function addPlan(piece: string | null, draft: Draft): void {
  if (piece !== null) draft.toolPlan = draft.join(draft.toolPlan, piece);
}
