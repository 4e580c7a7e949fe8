import type { Draft } from '../draft.ts';
import { asObject, firstCount, type Json } from '../json.ts';
import type { Usage } from '../reading.ts';
import { pick, unitsOf, usageOf } from '../usage.ts';

/** Billed units that are no tokens, as Perplexity, xAI and Mistral name them. */
const UNIT_NAMES = [
  'num_search_queries',
  'num_sources_used',
  'citation_tokens',
  'search_units',
  'billable_audio_seconds',
] as const;

/**
 * Reads a `usage` object of the OpenAI family, chat (`prompt_tokens`) and Responses, audio and realtime (`input_tokens`) alike. Cached tokens
 * are part of the input; where they are written depends on who speaks the format, and no place is added to another.
 */
export function openaiUsage(raw: Json): Usage | null {
  const input = firstObject(raw.prompt_tokens_details, raw.input_tokens_details, raw.input_token_details);
  const output = firstObject(raw.completion_tokens_details, raw.output_tokens_details, raw.output_token_details);
  return usageOf({
    input: firstCount(raw.prompt_tokens, raw.input_tokens),
    output: firstCount(raw.completion_tokens, raw.output_tokens),
    total: firstCount(raw.total_tokens),
    cacheRead: firstCount(
      input.cached_tokens,
      // Assistants, and Writer, write the name in the singular.
      asObject(raw.prompt_token_details)?.cached_tokens,
      raw.cached_tokens,
      raw.num_cached_tokens,
      raw.prompt_cache_hit_tokens,
      raw.cache_read_input_tokens,
    ),
    cacheWrite: firstCount(input.cache_write_tokens, raw.cache_write_tokens, raw.cache_creation_input_tokens),
    cacheReadAudio: firstCount(asObject(input.cached_tokens_details)?.audio_tokens),
    cacheReadImage: firstCount(asObject(input.cached_tokens_details)?.image_tokens),
    reasoning: firstCount(output.reasoning_tokens, raw.reasoning_tokens),
    audioInput: firstCount(input.audio_tokens),
    audioOutput: firstCount(output.audio_tokens),
    imageInput: firstCount(input.image_tokens),
    imageOutput: firstCount(output.image_tokens),
    units: unitsOf(pick(raw, UNIT_NAMES), raw.server_tool_use),
  });
}

/** Keeps what the provider says that the call cost, in US dollars: OpenRouter a number, Perplexity a breakdown. */
export function readCost(raw: Json, draft: Draft): void {
  const cost = asObject(raw.cost)?.total_cost ?? raw.cost;
  if (typeof cost === 'number' && Number.isFinite(cost)) draft.extra.cost = cost;
}

const NOTHING: Json = {};

function firstObject(...values: unknown[]): Json {
  for (const value of values) {
    const object = asObject(value);
    if (object !== null) return object;
  }
  return NOTHING;
}
