import type { Draft } from '../draft.ts';
import { asObject, firstCount } from '../json.ts';
import { unitsOf, usageOf } from '../usage.ts';

/** Billed units that are no tokens. */
const UNIT_NAMES = ['search_units', 'classifications', 'images'] as const;

/**
 * Reads Cohere's `usage` (v2) or `meta` (v1, embed, rerank). `tokens` is what the model saw, `billed_units` what is
 * charged for, and they differ widely: tokens count, billed units stand in where there are none, and both are kept.
 */
export function readCohereUsage(value: unknown, draft: Draft): void {
  const raw = asObject(value);
  const billed = asObject(raw?.billed_units);
  const tokens = asObject(raw?.tokens);
  if (raw === null || (billed === null && tokens === null)) return;
  const counted = tokens ?? billed ?? {};
  const usage = usageOf({
    input: firstCount(counted.input_tokens),
    output: firstCount(counted.output_tokens),
    cacheRead: firstCount(raw.cached_tokens),
    imageInput: firstCount(counted.image_tokens),
    units: unitsOf(Object.fromEntries(UNIT_NAMES.map((name) => [name, billed?.[name]]))),
  });
  draft.setUsage(usage, raw);
  if (draft.usageRaw !== raw) return;
  draft.extra.billed_units = billed;
  draft.extra.tokens = tokens;
}
