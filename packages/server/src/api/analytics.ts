import type { AnalyticsSums, analyticsEndpoints } from '@headgate/contract';
import { BUCKET_BOUNDS_MS, BUCKETS, type Distribution, distributionOf, isoTime } from '../lib/index.ts';
import type { LogFilter, LogSums } from '../stores/log-ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { gatewayOf } from './find.ts';
import { typedFilters } from './log-filters.ts';
import { invalidAt } from './read-input.ts';
import { dollars } from './wire-log.ts';

const SPAN_MS = { hour: 3_600_000, day: 86_400_000, none: null } as const;
/** Most buckets of an answer: each has two histograms. */
const MOST_BUCKETS = 10_000;

export function analyticsHandlers({ control, logs, clock }: ApiDeps): Handlers<typeof analyticsEndpoints> {
  return {
    'analytics.get': async ({ params, query }) => {
      const endMs = query.end === undefined ? clock.nowMs() : Date.parse(query.end);
      const startMs = query.start === undefined ? endMs - SPAN_MS.day : Date.parse(query.start);
      if (startMs > endMs) throw invalidAt(['query', 'start'], 'start is after end');
      const groupBy = [...new Set(query.group_by ?? [])];
      const range: LogFilter[] = [
        { key: 'created_at', operator: 'gt', value: [isoTime(startMs - 1)] },
        { key: 'created_at', operator: 'lt', value: [isoTime(endMs)] },
      ];
      const buckets = await logs.summarize({
        gatewayKey: gatewayOf(control, params).key,
        filters: [...range, ...typedFilters(query.filters)],
        groupBy,
        spanMs: SPAN_MS[query.interval],
        withDistributions: true,
        limit: MOST_BUCKETS,
      });
      if (buckets === null) {
        const at = groupBy.length > 0 ? 'group_by' : 'interval';
        throw invalidAt(
          ['query', at],
          `More than ${MOST_BUCKETS} buckets: ask for less time, longer intervals or fewer groups`,
        );
      }
      return {
        start: isoTime(startMs),
        end: isoTime(endMs),
        interval: query.interval,
        group_by: groupBy,
        buckets: buckets.map(({ fromMs, group, ...sums }) => ({
          start: fromMs === null ? null : isoTime(fromMs),
          group,
          ...wireSums(sums),
        })),
        totals: wireSums(totalOf(buckets)),
      };
    },
  };
}

function wireSums(sums: LogSums): AnalyticsSums {
  return {
    requests: sums.requests,
    errors: sums.errors,
    cached: sums.cached,
    tokens_in: sums.tokensIn,
    tokens_out: sums.tokensOut,
    cache_read_tokens: sums.cacheReadTokens,
    cache_write_tokens: sums.cacheWriteTokens,
    reasoning_tokens: sums.reasoningTokens,
    cost: dollars(sums.costPico),
    saved_cost: dollars(sums.savedPico),
    duration: wireTimes(sums.durations ?? NO_TIMES),
    latency: wireTimes(sums.latencies ?? NO_TIMES),
  };
}

const NO_TIMES = distributionOf(Array<number>(BUCKETS).fill(0));

function wireTimes({ counts, ...percentiles }: Distribution): AnalyticsSums['duration'] {
  const histogram = counts.flatMap((count, bucket) =>
    count === 0 ? [] : { le: BUCKET_BOUNDS_MS[bucket] ?? null, count },
  );
  return { ...percentiles, histogram };
}

/** Added up from the buckets, so that they agree with each other whatever is written meanwhile. */
function totalOf(all: LogSums[]): LogSums {
  const sum = (read: (sums: LogSums) => number) => all.reduce((total, sums) => total + read(sums), 0);
  const money = (read: (sums: LogSums) => bigint) => all.reduce((total, sums) => total + read(sums), 0n);
  const times = (read: (sums: LogSums) => Distribution | null) => {
    const counts = Array<number>(BUCKETS).fill(0);
    for (const sums of all) {
      for (const [bucket, count] of (read(sums)?.counts ?? []).entries())
        counts[bucket] = (counts[bucket] ?? 0) + count;
    }
    return distributionOf(counts);
  };
  return {
    requests: sum((sums) => sums.requests),
    errors: sum((sums) => sums.errors),
    cached: sum((sums) => sums.cached),
    tokensIn: sum((sums) => sums.tokensIn),
    tokensOut: sum((sums) => sums.tokensOut),
    cachedTokensIn: sum((sums) => sums.cachedTokensIn),
    cachedTokensOut: sum((sums) => sums.cachedTokensOut),
    cacheReadTokens: sum((sums) => sums.cacheReadTokens),
    cacheWriteTokens: sum((sums) => sums.cacheWriteTokens),
    reasoningTokens: sum((sums) => sums.reasoningTokens),
    costPico: money((sums) => sums.costPico),
    savedPico: money((sums) => sums.savedPico),
    durations: times((sums) => sums.durations),
    latencies: times((sums) => sums.latencies),
  };
}
