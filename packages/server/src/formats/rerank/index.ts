/** Reranking: Cohere's results with billed search units, and the OpenAI-like lists of Voyage and Jina. */
import { readCohereUsage } from '../cohere/index.ts';
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObjects, type Json } from '../json.ts';
import { readInputUsage } from '../openai-embeddings/index.ts';

export const rerank: WireFormat = { fits, decoder: rerankDecoder };

function results(value: Json): Json[] {
  return [...asObjects(value.results), ...asObjects(value.data)];
}

function fits(value: Json): boolean {
  const [first] = results(value);
  return first !== undefined && ('relevance_score' in first || 'relevanceScore' in first);
}

function rerankDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    draft.responseId = asName(value.id);
    draft.model = asName(value.model);
    draft.extra.results = results(value).length;
    readInputUsage(value.usage, draft);
    readCohereUsage(value.meta, draft);
  };
  return { body: read, event: read };
}
