/** Hugging Face Text Generation Inference, also on SageMaker: `generated_text` with token counts in details and headers. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asString, firstCount, type Json } from '../json.ts';
import { usageOf } from '../usage.ts';

export const textGeneration: WireFormat = { fits, decoder: textGenerationDecoder };

function fits(value: Json): boolean {
  return typeof value.generated_text === 'string' || typeof asObject(value.token)?.text === 'string';
}

function textGenerationDecoder(draft: Draft): Decoder {
  const body = (value: Json) => {
    draft.addText(asString(value.generated_text));
    readDetails(asObject(value.details) ?? {}, draft);
  };
  return {
    body,
    list: ([first]) => {
      if (first !== undefined) body(first);
    },
    event(value) {
      const token = asObject(value.token) ?? {};
      if (token.special !== true) draft.addText(asString(token.text));
      const details = asObject(value.details);
      if (details !== null) readDetails(details, draft);
      // The last event repeats the whole text; details may be off.
      if (typeof value.generated_text === 'string') draft.ended = true;
    },
  };
}

function readDetails(details: Json, draft: Draft): void {
  const finish = asName(details.finish_reason);
  if (finish !== null) {
    draft.finishReason = finish;
    draft.ended = true;
  }
  draft.setUsage(
    usageOf({
      input: firstCount(details.input_length, draft.header('x-prompt-tokens')),
      output: firstCount(details.generated_tokens, draft.header('x-generated-tokens')),
    }),
    null,
  );
}
