/** Amazon Bedrock Converse and CountTokens, and Nova models behind Invoke, which answer in the same words. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asCount, asFilled, asName, asObject, asObjects, asString, type Json } from '../json.ts';
import { converseUsage } from './usage.ts';

export { converseUsage } from './usage.ts';

export const bedrockConverse: WireFormat = { fits, decoder: converseDecoder };

const EVENT_NAMES = [
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
] as const;

function fits(value: Json, name: string | null): boolean {
  if (name !== null && (EVENT_NAMES as readonly string[]).includes(name)) return true;
  if (asObject(asObject(value.output)?.message) !== null) return true;
  if (EVENT_NAMES.slice(0, 5).some((event) => asObject(value[event]) !== null)) return true;
  return asCount(value.inputTokens) !== null && Object.keys(value).length === 1;
}

function converseDecoder(draft: Draft): Decoder {
  return {
    body(value) {
      const message = asObject(asObject(value.output)?.message);
      if (message === null) draft.extra.counted_tokens = asCount(value.inputTokens);
      for (const [index, block] of asObjects(message?.content).entries()) readBlock(block, draft, index);
      draft.finishReason = asName(value.stopReason);
      readUsage(value.usage, draft);
      draft.addTier(asObject(value.serviceTier)?.type);
    },
    event(value, name) {
      // Converse names its frames; Nova behind Invoke wraps each event in an object of that name.
      const named = name === null ? undefined : READ_EVENT.get(name);
      if (named !== undefined) return named(value, draft);
      for (const [event, read] of READ_EVENT) {
        const inner = asObject(value[event]);
        if (inner !== null) read(inner, draft);
      }
    },
  };
}

const READ_EVENT = new Map<string, (event: Json, draft: Draft) => void>([
  [
    'contentBlockStart',
    (event, draft) => readBlock(asObject(event.start) ?? {}, draft, asCount(event.contentBlockIndex) ?? 0),
  ],
  [
    'contentBlockDelta',
    (event, draft) => readDelta(asObject(event.delta) ?? {}, draft, asCount(event.contentBlockIndex) ?? 0),
  ],
  [
    'messageStop',
    (event, draft) => {
      draft.finishReason = asName(event.stopReason) ?? draft.finishReason;
    },
  ],
  // The last event, with the usage; what stops before it is cut.
  [
    'metadata',
    (event, draft) => {
      readUsage(event.usage, draft);
      draft.addTier(asObject(event.serviceTier)?.type);
      if (draft.finishReason !== null) draft.ended = true;
    },
  ],
]);

function readUsage(value: unknown, draft: Draft): void {
  const raw = asObject(value);
  if (raw !== null) draft.setUsage(converseUsage(raw), raw);
}

/** A tool of type `server_tool_use` is run by Bedrock, so it is no call to the client. */
function readBlock(block: Json, draft: Draft, index: number): void {
  draft.addText(asString(block.text));
  const reasoning = asObject(block.reasoningContent);
  draft.addReasoning(asString(asObject(reasoning?.reasoningText)?.text));
  const tool = asObject(block.toolUse);
  if (tool === null || tool.type === 'server_tool_use') return;
  const call = draft.call(index);
  call.id = asName(tool.toolUseId);
  call.name = asName(tool.name);
  draft.setArgumentValue(call, tool.input ?? {});
}

function readDelta(delta: Json, draft: Draft, index: number): void {
  draft.addText(asString(delta.text));
  draft.addReasoning(asString(asObject(delta.reasoningContent)?.text));
  const call = draft.findCall(index);
  const input = asFilled(asObject(delta.toolUse)?.input);
  if (call !== null && input !== null) draft.addArguments(call, input);
}
