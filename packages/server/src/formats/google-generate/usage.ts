import { asCount, asObjects, type Json, sumCounts } from '../json.ts';
import type { Usage } from '../reading.ts';
import { usageOf } from '../usage.ts';

/**
 * Reads `usageMetadata`. Output is candidates plus thoughts; tool-use prompt tokens are input that
 * `promptTokenCount` leaves out. Google leaves out counters that are zero, so beside a prompt and a total a missing
 * output is zero; embeddings have no total, and no output.
 */
export function googleUsage(raw: Json): Usage | null {
  const input = asCount(raw.promptTokenCount);
  const total = asCount(raw.totalTokenCount);
  const candidates = asCount(raw.candidatesTokenCount) ?? asCount(raw.responseTokenCount);
  const reasoning = asCount(raw.thoughtsTokenCount);
  const promptDetails = raw.promptTokensDetails ?? raw.promptTokenDetails;
  const outputDetails = raw.candidatesTokensDetails ?? raw.responseTokensDetails;
  return usageOf({
    input,
    output: sumCounts(candidates, reasoning) ?? (input !== null && total !== null ? 0 : null),
    total,
    cacheRead: asCount(raw.cachedContentTokenCount),
    cacheReadAudio: modality(raw.cacheTokensDetails, 'AUDIO'),
    cacheReadImage: modality(raw.cacheTokensDetails, 'IMAGE'),
    reasoning,
    toolUsePrompt: asCount(raw.toolUsePromptTokenCount),
    audioInput: modality(promptDetails, 'AUDIO'),
    audioOutput: modality(outputDetails, 'AUDIO'),
    imageInput: modality(promptDetails, 'IMAGE'),
    imageOutput: modality(outputDetails, 'IMAGE'),
  });
}

function modality(details: unknown, name: string): number | null {
  const found = asObjects(details).filter((detail) => detail.modality === name);
  return sumCounts(...found.map((detail) => asCount(detail.tokenCount)));
}
