import type { Draft } from '../draft.ts';
import { firstCount, type Json } from '../json.ts';
import { emptyUsage, usageOf } from '../usage.ts';

const HEADERS = {
  input: 'x-amzn-bedrock-input-token-count',
  output: 'x-amzn-bedrock-output-token-count',
  cacheRead: 'x-amzn-bedrock-cache-read-input-token-count',
  cacheWrite: 'x-amzn-bedrock-cache-write-input-token-count',
} as const;
const COUNTED = ['input', 'output', 'cacheRead', 'cacheWrite'] as const;

/**
 * Fills in the counters that an answer from Bedrock Invoke leaves out: from the metrics in the last event of a stream,
 * or from the headers. Some models (Cohere, Claude 2, Nova embeddings) report nowhere else, and a guardrail may
 * drop a counter from the body.
 */
export function completeInvocationUsage(draft: Draft, metrics: Json | null): void {
  const header = (name: keyof typeof HEADERS) => draft.header(HEADERS[name]);
  if (metrics === null && !COUNTED.some((name) => header(name) !== null)) return;
  const known = draft.usage ?? { ...emptyUsage(), cacheIncluded: false };
  const completed = usageOf({
    ...known,
    input: known.input ?? firstCount(metrics?.inputTokenCount, header('input')),
    output: known.output ?? firstCount(metrics?.outputTokenCount, header('output')),
    // Bedrock writes zero for models that know no cache; only a real count says more than the body.
    cacheRead: known.cacheRead ?? positive(firstCount(metrics?.cacheReadInputTokenCount, header('cacheRead'))),
    cacheWrite: known.cacheWrite ?? positive(firstCount(metrics?.cacheWriteInputTokenCount, header('cacheWrite'))),
  });
  if (completed !== null) draft.usage = completed;
}

function positive(count: number | null): number | null {
  return count === null || count === 0 ? null : count;
}
