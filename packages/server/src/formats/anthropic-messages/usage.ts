import { asCount, asObject, firstCount, type Json, sumCounts } from '../json.ts';
import type { Usage } from '../reading.ts';
import { unitsOf, usageOf } from '../usage.ts';

/** Reads a `usage` object of Anthropic Messages. Cached input is counted apart from `input_tokens`. */
export function anthropicUsage(raw: Json): Usage | null {
  const written = asObject(raw.cache_creation);
  const [for5m, for1h] = [written?.ephemeral_5m_input_tokens, written?.ephemeral_1h_input_tokens].map(asCount);
  return usageOf({
    input: asCount(raw.input_tokens),
    output: asCount(raw.output_tokens),
    cacheRead: asCount(raw.cache_read_input_tokens),
    cacheWrite: firstCount(raw.cache_creation_input_tokens, sumCounts(for5m ?? null, for1h ?? null)),
    cacheWrite1h: for1h ?? null,
    reasoning: asCount(asObject(raw.output_tokens_details)?.thinking_tokens),
    cacheIncluded: false,
    units: unitsOf(raw.server_tool_use),
  });
}
