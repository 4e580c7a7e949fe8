/** Anthropic Messages, its older text completions, and its token counts; also from Bedrock and Vertex. */
import { type Draft, MAX_RAW_BYTES } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { type Json, asCount, asFilled, asLabel, asName, asObject, asObjects, asString } from '../json.ts';
import { sizeWithin } from '../size.ts';
import { anthropicUsage } from './usage.ts';

export { anthropicUsage } from './usage.ts';

export const anthropicMessages: WireFormat = { fits, decoder: anthropicDecoder };

const EVENTS = /^(message_(start|delta|stop)|content_block_(start|delta|stop))$/;

function fits(value: Json): boolean {
  const { type } = value;
  if (type === 'message') return Array.isArray(value.content);
  if (type === 'completion' || ('completion' in value && 'stop_reason' in value)) return true;
  if (typeof type === 'string') return EVENTS.test(type);
  return isTokenCount(value);
}

function isTokenCount(value: Json): boolean {
  return asCount(value.input_tokens) !== null && !('output_tokens' in value) && !('object' in value);
}

function anthropicDecoder(draft: Draft): Decoder {
  let usage: Json = {};
  const mergeUsage = (raw: Json | null) => {
    if (raw === null) return;
    // The start is an estimate, and the last delta repeats only some fields: the last value of each field counts.
    const merged = { ...usage, ...Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null)) };
    if (sizeWithin(merged, MAX_RAW_BYTES) !== null) usage = merged;
    draft.setUsage(anthropicUsage(usage), usage);
    if (Array.isArray(usage.iterations)) draft.extra.iterations = usage.iterations;
    // The fast mode has prices of its own.
    draft.addTier(usage.speed === 'fast' ? 'fast' : usage.service_tier);
  };
  return {
    body(value) {
      if (typeof value.completion === 'string') return readCompletion(value, draft);
      if (isTokenCount(value)) draft.extra.counted_tokens = asCount(value.input_tokens);
      readHead(value, draft);
      for (const [index, block] of asObjects(value.content).entries()) readBlock(block, draft, index);
      mergeUsage(asObject(value.usage));
    },
    event(value) {
      if (typeof value.completion === 'string') return readCompletion(value, draft);
      const message = asObject(value.message);
      if (message !== null) readHead(message, draft);
      const begun = asObject(message?.usage);
      mergeUsage(begun ?? asObject(value.usage));
      // The start counts an output that has only begun; the end's counters are final.
      if (begun !== null) draft.extra.output_begun = true;
      else if (asObject(value.usage) !== null) delete draft.extra.output_begun;
      readEvent(value, draft);
    },
  };
}

function readHead(message: Json, draft: Draft): void {
  draft.responseId = asName(message.id) ?? draft.responseId;
  draft.model = asName(message.model) ?? draft.model;
  draft.finishReason = asName(message.stop_reason) ?? draft.finishReason;
}

function readCompletion(value: Json, draft: Draft): void {
  readHead(value, draft);
  draft.addText(asString(value.completion));
  if (draft.finishReason !== null) draft.ended = true;
}

function readEvent(value: Json, draft: Draft): void {
  const index = asCount(value.index) ?? 0;
  if (value.type === 'content_block_start') readBlock(asObject(value.content_block) ?? {}, draft, index);
  else if (value.type === 'content_block_delta') readDelta(asObject(value.delta) ?? {}, draft, index);
  else if (value.type === 'message_delta') {
    draft.finishReason = asName(asObject(value.delta)?.stop_reason) ?? draft.finishReason;
  } else if (value.type === 'message_stop') draft.ended = true;
}

/** Server tools and MCP tools are run by the provider, so only `tool_use` is a call to the client. */
function readBlock(block: Json, draft: Draft, index: number): void {
  if (block.type === 'text') draft.addText(asString(block.text));
  else if (block.type === 'thinking') draft.addReasoning(asString(block.thinking));
  else if (block.type === 'tool_use') {
    const call = draft.call(index);
    call.id = asLabel(block.id);
    call.name = asLabel(block.name);
    draft.setArgumentValue(call, block.input ?? null);
  }
}

function readDelta(delta: Json, draft: Draft, index: number): void {
  draft.addText(asString(delta.text));
  draft.addReasoning(asString(delta.thinking));
  const call = draft.findCall(index);
  const json = asFilled(delta.partial_json);
  if (call !== null && json !== null) draft.addArguments(call, json);
}
