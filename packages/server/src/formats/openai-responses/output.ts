import type { Draft } from '../draft.ts';
import { asFilled, asName, asObject, asObjects, asString, type Json } from '../json.ts';

/** Reads the `output` items of a whole answer. Tool calls are always taken, text and reasoning as asked. */
export function readOutput(output: unknown, draft: Draft, wanted = { text: true, reasoning: true }): void {
  for (const item of asObjects(output)) {
    if (item.type === 'message' && wanted.text) readMessageItem(item, draft);
    else if (item.type === 'reasoning' && wanted.reasoning) readReasoningItem(item, draft);
    else readCallItem(item, draft);
  }
}

/** A compaction answer repeats the user's messages, which are not its text. */
function readMessageItem(item: Json, draft: Draft): void {
  if (item.role === 'user' || item.role === 'system' || item.role === 'developer') return;
  for (const part of asObjects(item.content)) {
    if (part.type === 'refusal') draft.addRefusal(asFilled(part.refusal));
    else draft.addText(asString(part.text));
  }
}

/** The reasoning itself where the provider shows it, else its summary. */
function readReasoningItem(item: Json, draft: Draft): void {
  const content = asObjects(item.content);
  for (const part of content.length > 0 ? content : asObjects(item.summary)) draft.addReasoning(asString(part.text));
}

/** Items that the client must answer; calls of hosted tools (search, MCP, code) are answered by the provider. */
const CALL_TYPES = new Set(['function_call', 'custom_tool_call']);

/** Reads a call as it is opened or done; known by the item's id, since its pieces name only that. */
export function readCallItem(item: Json, draft: Draft): void {
  if (typeof item.type !== 'string' || !CALL_TYPES.has(item.type)) return;
  const call = draft.call(asName(item.id) ?? asName(item.call_id) ?? `#${draft.callCount}`);
  call.id = asName(item.call_id) ?? asName(item.id);
  call.name = asName(item.name);
  const text = asString(item.arguments) ?? asString(item.input);
  if (text !== null && text !== '') draft.setArguments(call, text);
  else if (asObject(item.arguments) !== null) draft.setArgumentValue(call, item.arguments);
}
