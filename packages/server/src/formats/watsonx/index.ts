/** IBM watsonx.ai text generation and embeddings. Its chat answers are OpenAI's. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObjects, asString, firstCount, type Json } from '../json.ts';
import { usageOf } from '../usage.ts';

export const watsonx: WireFormat = { fits, decoder: watsonxDecoder };

function fits(value: Json): boolean {
  return 'model_id' in value && Array.isArray(value.results);
}

function watsonxDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    const [result] = asObjects(value.results);
    draft.model = asName(value.model_id) ?? draft.model;
    draft.addText(asString(result?.generated_text));
    const stop = asName(result?.stop_reason);
    if (stop !== null && stop !== 'not_finished') {
      draft.finishReason = stop;
      draft.ended = true;
    }
    // A stream counts the prompt in its first piece and writes 0 after that; the output is counted up.
    const input = firstCount(result?.input_token_count, value.input_token_count);
    const output = firstCount(result?.generated_token_count);
    const held = draft.usage;
    draft.setUsage(usageOf({ input: larger(input, held?.input), output: larger(output, held?.output) }), null);
  };
  return { body: read, event: read };
}

function larger(count: number | null, held: number | null | undefined): number | null {
  return count === null ? (held ?? null) : Math.max(count, held ?? 0);
}
