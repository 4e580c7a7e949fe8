import { asObjects, firstCount, type Json, sumCounts } from '../json.ts';
import type { Usage } from '../reading.ts';
import { unitsOf, usageOf } from '../usage.ts';

/**
 * Reads a `usage` object of Bedrock Converse, or of Nova behind Invoke. Cached input is counted apart, and written under
 * one or both of two names for the same number. The total includes it.
 */
export function converseUsage(raw: Json): Usage | null {
  const kept1h = asObjects(raw.cacheDetails).filter((detail) => detail.ttl === '1h');
  return usageOf({
    input: firstCount(raw.inputTokens),
    output: firstCount(raw.outputTokens),
    total: firstCount(raw.totalTokens),
    cacheRead: firstCount(raw.cacheReadInputTokens, raw.cacheReadInputTokenCount),
    cacheWrite: firstCount(raw.cacheWriteInputTokens, raw.cacheWriteInputTokenCount),
    cacheWrite1h: sumCounts(...kept1h.map((detail) => firstCount(detail.inputTokens))),
    cacheIncluded: false,
    units: unitsOf(raw.serverToolUsage),
  });
}
