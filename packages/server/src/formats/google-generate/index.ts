/** Gemini `generateContent` and `countTokens`, from Google AI Studio and Vertex AI. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { type Json, asCount, asLabel, asName, asObject, asObjects, asString } from '../json.ts';
import { googleUsage } from './usage.ts';

export { googleUsage } from './usage.ts';

export const googleGenerate: WireFormat = { fits, decoder: googleDecoder };

function fits(value: Json): boolean {
  return (
    Array.isArray(value.candidates) ||
    'promptFeedback' in value ||
    'modelVersion' in value ||
    asCount(value.totalTokens) !== null
  );
}

function googleDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    draft.responseId = asName(value.responseId) ?? draft.responseId;
    draft.model = asName(value.modelVersion) ?? draft.model;
    readUsage(value, draft);
    const [first] = asObjects(value.candidates);
    if (first !== undefined) readCandidate(first, draft);
    const blocked = asName(asObject(value.promptFeedback)?.blockReason);
    if (blocked !== null) {
      draft.extra.block_reason = blocked;
      draft.ended = true;
    }
  };
  return {
    body(value) {
      if (!('candidates' in value) && asCount(value.totalTokens) !== null) {
        draft.extra.counted_tokens = asCount(value.totalTokens);
      }
      read(value);
    },
    event: read,
    // Without `alt=sse` a stream comes as one JSON list of its chunks.
    list: (values) => values.forEach(read),
  };
}

/** Usage is cumulative and on every chunk; the last object counts as a whole. */
function readUsage(value: Json, draft: Draft): void {
  const raw = asObject(value.usageMetadata);
  if (raw === null) return;
  draft.setUsage(googleUsage(raw), raw);
  // AI Studio names the tier, Vertex AI the kind of traffic.
  draft.addTier(raw.serviceTier ?? raw.trafficType);
}

function readCandidate(candidate: Json, draft: Draft): void {
  for (const part of asObjects(asObject(candidate.content)?.parts)) readPart(part, draft);
  const finish = asName(candidate.finishReason);
  if (finish === null) return;
  draft.finishReason = finish;
  draft.ended = true;
}

function readPart(part: Json, draft: Draft): void {
  if (part.thought === true) draft.addReasoning(asString(part.text));
  else draft.addText(asString(part.text));
  const called = asObject(part.functionCall);
  // Arguments that come in pieces have parts without a name after the first.
  if (called === null || asLabel(called.name) === null) return;
  const call = draft.call(draft.callCount);
  call.id = asName(called.id);
  call.name = asLabel(called.name);
  draft.setArgumentValue(call, called.args ?? {});
}
