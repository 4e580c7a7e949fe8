/**
 * Answers of no known format that carry a usage object in known words, and moderation verdicts, which carry none: ids, model
 * and counters are taken, no text.
 */
import { anthropicUsage } from '../anthropic-messages/index.ts';
import { converseUsage } from '../bedrock-converse/index.ts';
import type { Draft } from '../draft.ts';
import type { Decoder, WireFormat } from '../format.ts';
import { asName, asObject, asObjects, type Json } from '../json.ts';
import { openaiUsage } from '../openai-chat/index.ts';
import type { Usage } from '../reading.ts';

export const generic: WireFormat = {
  fits: (value) => usageIn(value) !== null || isVerdict(value),
  decoder(draft: Draft): Decoder {
    const read = (value: Json) => {
      draft.responseId ??= asName(value.id);
      draft.model = asName(value.model) ?? draft.model;
      draft.setUsage(usageIn(value), value.usage);
    };
    return { body: read, event: read };
  },
};

function isVerdict(value: Json): boolean {
  const [first] = asObjects(value.results);
  return first !== undefined && 'flagged' in first && asObject(first.categories) !== null;
}

function usageIn(value: Json): Usage | null {
  const raw = asObject(value.usage);
  if (raw === null) return null;
  if ('inputTokens' in raw) return converseUsage(raw);
  // Anthropic alone counts cached input apart, and alone has these names beside `input_tokens`.
  if ('input_tokens' in raw && 'cache_read_input_tokens' in raw) return anthropicUsage(raw);
  return openaiUsage(raw);
}
