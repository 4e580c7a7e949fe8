import { asCount, asObject, type Json } from '../json.ts';
import type { Usage } from '../reading.ts';
import { unitsOf, usageOf } from '../usage.ts';

/** Reads a `usage` object of Anthropic Messages. Cached input is counted apart from `input_tokens`. */
export function anthropicUsage(raw: Json): Usage | null {
  return usageOf({
    input: asCount(raw.input_tokens),
    output: asCount(raw.output_tokens),
    cacheRead: asCount(raw.cache_read_input_tokens),
    cacheWrite: asCount(raw.cache_creation_input_tokens),
    cacheWrite1h: asCount(asObject(raw.cache_creation)?.ephemeral_1h_input_tokens),
    reasoning: asCount(asObject(raw.output_tokens_details)?.thinking_tokens),
    cacheIncluded: false,
    units: unitsOf(raw.server_tool_use),
  });
}
