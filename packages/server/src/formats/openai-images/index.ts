/** OpenAI image generation and edits, plain and streamed. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asObject, asObjects, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';
import { usageOf } from '../usage.ts';

export const openaiImages: WireFormat = { fits, decoder: imagesDecoder };

const COMPLETED = /^image_(generation|edit)\.completed$/;

function fits(value: Json): boolean {
  const [first] = asObjects(value.data);
  if (first !== undefined) {
    // xAI and Together leave out `created`.
    return (
      'b64_json' in first || 'revised_prompt' in first || ('url' in first && ('created' in value || 'index' in first))
    );
  }
  return typeof value.type === 'string' && /^image_(generation|edit)\./.test(value.type);
}

function imagesDecoder(draft: Draft): Decoder {
  let images = 0;
  const read = (value: Json, made: number) => {
    images += made;
    const raw = asObject(value.usage);
    const usage = raw === null ? null : openaiUsage(raw);
    draft.setUsage(usageOf({ ...usage, units: images > 0 ? { images } : {} }), raw);
  };
  return {
    body: (value) => read(value, asObjects(value.data).length),
    event(value) {
      if (typeof value.type !== 'string' || !COMPLETED.test(value.type)) return;
      draft.ended = true;
      read(value, 1);
    },
  };
}
