/** Google's Interactions API, plain and streamed. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asCount, asName, asObject, asObjects, asString, firstCount, type Json, sumCounts } from '../json.ts';
import type { Usage } from '../reading.ts';
import { usageOf } from '../usage.ts';

export const googleInteractions: WireFormat = { fits, decoder: interactionsDecoder };

const EVENTS = /^(interaction\.(created|status_update|completed)|step\.(start|delta|stop))$/;

function fits(value: Json): boolean {
  if (typeof value.event_type === 'string') return EVENTS.test(value.event_type);
  return value.object === 'interaction' || (Array.isArray(value.steps) && 'status' in value);
}

function interactionsDecoder(draft: Draft): Decoder {
  return {
    body(value) {
      readHead(value, draft);
      for (const [index, step] of asObjects(value.steps).entries()) readStep(step, draft, index);
    },
    event(value) {
      const interaction = asObject(value.interaction);
      const index = asCount(value.index) ?? 0;
      if (interaction !== null) readHead(interaction, draft);
      if (value.event_type === 'step.start') readStep(asObject(value.step) ?? {}, draft, index);
      else if (value.event_type === 'step.delta') readDelta(asObject(value.delta) ?? {}, draft, index);
      else if (value.event_type === 'interaction.completed') draft.ended = true;
    },
  };
}

function readHead(value: Json, draft: Draft): void {
  draft.responseId = asName(value.id) ?? draft.responseId;
  draft.model = asName(value.model) ?? draft.model;
  draft.finishReason = asName(value.status) ?? draft.finishReason;
  const usage = asObject(value.usage);
  if (usage !== null) draft.setUsage(interactionUsage(usage), usage);
}

/** As in `generateContent`, thoughts and tool-use prompts are counted apart. */
function interactionUsage(raw: Json): Usage | null {
  const reasoning = firstCount(raw.total_thought_tokens, raw.total_reasoning_tokens);
  return usageOf({
    input: firstCount(raw.total_input_tokens),
    output: sumCounts(firstCount(raw.total_output_tokens), reasoning),
    total: firstCount(raw.total_tokens),
    cacheRead: firstCount(raw.total_cached_tokens),
    reasoning,
    toolUsePrompt: firstCount(raw.total_tool_use_tokens),
  });
}

function readStep(step: Json, draft: Draft, index: number): void {
  if (step.type === 'model_output') for (const part of asObjects(step.content)) draft.addText(asString(part.text));
  if (step.type === 'thought') for (const part of asObjects(step.summary)) draft.addReasoning(asString(part.text));
  if (step.type !== 'function_call') return;
  const call = draft.call(index);
  call.id = asName(step.id);
  call.name = asName(step.name);
  draft.setArgumentValue(call, step.arguments ?? {});
}

function readDelta(delta: Json, draft: Draft, index: number): void {
  if (delta.type === 'text') draft.addText(asString(delta.text));
  else if (delta.type === 'thought_summary') draft.addReasoning(asString(asObject(delta.content)?.text));
  const call = draft.findCall(index);
  if (call !== null && delta.type === 'arguments_delta') draft.addArguments(call, asString(delta.arguments));
}
