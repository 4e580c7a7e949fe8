import type { Draft } from '../draft.ts';
import { firstCount, type Json } from '../json.ts';
import { emptyUsage, usageOf } from '../usage.ts';

const HEADER = 'x-amzn-bedrock-';

/**
 * Fills in the counters that an answer from Bedrock Invoke leaves out: from the metrics in the last event of a stream,
 * or from the headers. Some models (Cohere, Claude 2, Nova embeddings) report nowhere else, and a guardrail may
 * drop a counter from the body.
 */
export function completeInvocationUsage(draft: Draft, metrics: Json | null): void {
  const header = (name: string) => draft.header(`${HEADER}${name}-token-count`);
  const known = draft.usage ?? { ...emptyUsage(), cacheIncluded: false };
  const completed = usageOf({
    ...known,
    input: known.input ?? firstCount(metrics?.inputTokenCount, header('input')),
    output: known.output ?? firstCount(metrics?.outputTokenCount, header('output')),
    // Bedrock writes zero for models that know no cache; only a real count says more than the body.
    cacheRead: known.cacheRead ?? positive(firstCount(metrics?.cacheReadInputTokenCount, header('cache-read-input'))),
    cacheWrite:
      known.cacheWrite ?? positive(firstCount(metrics?.cacheWriteInputTokenCount, header('cache-write-input'))),
  });
  if (completed !== null) draft.usage = completed;
}

function positive(count: number | null): number | null {
  return count === null || count === 0 ? null : count;
}
