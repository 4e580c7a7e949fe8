/** OpenAI embeddings, as OpenAI, Azure, Mistral, Voyage, vLLM and others write them. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';
import { usageOf } from '../usage.ts';

export const openaiEmbeddings: WireFormat = { fits, decoder: embeddingsDecoder };

function fits(value: Json): boolean {
  const [first] = asObjects(value.data);
  return first !== undefined && ('embedding' in first || first.object === 'embedding');
}

function embeddingsDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    draft.responseId = asName(value.id);
    draft.model = asName(value.model);
    draft.extra.vectors = asObjects(value.data).length;
    readInputUsage(value.usage, draft);
  };
  return { body: read, event: read };
}

/** Usage of an answer that generates nothing. Voyage and Jina write a total alone, which then is the input. */
export function readInputUsage(raw: unknown, draft: Draft): void {
  const object = asObject(raw);
  if (object === null) return;
  const usage = openaiUsage(object);
  draft.setUsage(usage === null ? null : usageOf({ ...usage, input: usage.input ?? usage.total }), object);
}
