/** Google embeddings: Gemini `embedContent` and `batchEmbedContents`, and Vertex AI `predict`. */
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asObject, asObjects, firstCount, type Json, sumCounts } from '../json.ts';
import { googleUsage } from '../google-generate/index.ts';
import { usageOf } from '../usage.ts';

export const googleEmbeddings: WireFormat = { fits, decoder: embeddingsDecoder };

function fits(value: Json): boolean {
  const [first] = [...asObjects(value.embeddings), ...asObjects([value.embedding])];
  return Array.isArray(first?.values) || asObjects(value.predictions).length > 0;
}

function embeddingsDecoder(draft: Draft): Decoder {
  const read = (value: Json) => {
    const predictions = asObjects(value.predictions);
    const vectors = [...asObjects(value.embeddings), ...asObjects([value.embedding]), ...predictions];
    draft.extra.vectors = vectors.length;
    const raw = asObject(value.usageMetadata);
    if (raw !== null) draft.setUsage(googleUsage(raw), raw);
    else draft.setUsage(usageOf({ input: sumCounts(...predictions.map(predictionTokens)) }), null);
  };
  return { body: read, event: read };
}

function predictionTokens(prediction: Json): number | null {
  return firstCount(asObject(asObject(prediction.embeddings)?.statistics)?.token_count);
}
