import type { Draft, DraftCall } from '../draft.ts';
import { type Json, asFilled, asLabel, asList, asName, asObject, asObjects, asString } from '../json.ts';

/** Reads a whole `message`, or a `delta`, which has the same fields: every text adds to what came before. */
export function readMessage(message: Json, draft: Draft): void {
  readContent(message.content, draft);
  draft.addReasoning(reasoningOf(message));
  draft.addRefusal(asFilled(message.refusal));
  for (const call of asObjects(message.tool_calls)) readCall(call, draft);
  const legacy = asObject(message.function_call);
  // Snowflake writes an empty function call into every message.
  if (legacy !== null && (asFilled(legacy.name) ?? asFilled(legacy.arguments)) !== null) {
    readFunction(legacy, draft.call('function_call'), draft);
  }
}

/** Content is text, or (Mistral) a list of `text` and `thinking` parts; a stream may mix both. */
function readContent(content: unknown, draft: Draft): void {
  draft.addText(asString(content));
  for (const part of asObjects(content)) {
    if (part.type === 'thinking') draft.addReasoning(thinkingText(part.thinking));
    else draft.addText(asString(part.text));
  }
}

function thinkingText(thinking: unknown): string | null {
  if (!Array.isArray(thinking)) return asString(thinking);
  return asObjects(thinking)
    .map((part) => asString(part.text) ?? '')
    .join('');
}

/** Several providers write the same reasoning into two of these fields, so one of them is taken. */
function reasoningOf(message: Json): string | null {
  return (
    asFilled(message.reasoning_content) ?? asFilled(message.reasoning) ?? reasoningDetails(message.reasoning_details)
  );
}

function reasoningDetails(value: unknown): string | null {
  const details = asObjects(value);
  if (details.length === 0) return null;
  const texts = details.map((detail) => asFilled(detail.text) ?? asFilled(detail.summary) ?? '');
  return asFilled(texts.join(''));
}

/**
 * A piece of a tool call belongs to the call with its index. Whole messages have no index; and some streams repeat
 * index 0 for every call, so a named call with a new id is a new one. What names nothing continues the last call.
 */
function readCall(piece: Json, draft: Draft): void {
  const call = callOf(piece, draft);
  call.id ??= asLabel(piece.id);
  const body = asObject(piece.function) ?? asObject(piece.custom);
  if (body !== null) readFunction(body, call, draft);
}

function callOf(piece: Json, draft: Draft): DraftCall {
  const { index } = piece;
  const [id, name] = [asName(piece.id), asName(asObject(piece.function)?.name)];
  if (typeof index !== 'number' && id === null && name === null) return draft.lastCall();
  const key = typeof index === 'number' ? index : (id ?? `#${draft.callCount}`);
  const held = draft.findCall(key);
  const isNew = held !== null && id !== null && name !== null && held.id !== null && held.id !== id;
  return isNew ? draft.renewCall(key, id) : (held ?? draft.call(key));
}

function readFunction(body: Json, call: DraftCall, draft: Draft): void {
  const name = asName(body.name);
  if (name !== null) call.name = name;
  const text = asString(body.arguments) ?? asString(body.input);
  if (text !== null) draft.addArguments(call, text);
  else if (asObject(body.arguments) !== null || asList(body.arguments).length > 0)
    draft.setArgumentValue(call, body.arguments);
}
