import { describe, expect, test } from 'bun:test';
import { BUCKETS, bucketOf } from '../../lib/index.ts';
import type { LogFilter, LogRecord, LogStore, LogSummary } from '../log-ports.ts';
import { appendAll, filter, logId, logRecord, START_MS, selection, summaryQuery, usageOf } from './builders.ts';
import { FILTER_ROWS } from './log-store-cases.ts';

const HOUR_MS = 3_600_000;
const NONE = {
  ...{ requests: 0, errors: 0, cached: 0, tokensIn: 0, tokensOut: 0, cachedTokensIn: 0, cachedTokensOut: 0 },
  ...{ cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, costPico: 0n, savedPico: 0n },
  ...{ durations: null, latencies: null },
};

/** The part of the contract that is about sums. `current` is the store of the running test. */
export function describeSummaries(current: () => LogStore): void {
  describe('summaries', () => {
    test('every row is added up, by span of time and group', async () => {
      await appendAll(current(), FILTER_ROWS);
      await current().append(logRecord({ createdAtMs: START_MS + 7, eventId: 'e', costPico: 2n ** 53n }), null, null);
      expect(await current().summarize(summaryQuery({ groupBy: ['provider', 'outcome'], spanMs: 5 }))).toEqual([
        { fromMs: START_MS, group: { provider: 'anthropic', outcome: 'refused' }, ...NONE, requests: 1, errors: 1 },
        {
          ...{ fromMs: START_MS, group: { provider: 'azure-openai', outcome: 'error' }, ...NONE },
          ...{ requests: 1, errors: 1, tokensIn: 100_000, tokensOut: 5, costPico: 1_000_000_000n },
        },
        {
          ...{ fromMs: START_MS, group: { provider: 'openai', outcome: 'success' }, ...NONE },
          ...{ requests: 2, cached: 1, tokensIn: 10, tokensOut: 900, cachedTokensOut: 900, costPico: 2_500_000_000n },
        },
        {
          ...{ fromMs: START_MS + 5, group: { provider: 'openai', outcome: 'success' }, ...NONE },
          ...{ requests: 1, costPico: 2n ** 53n },
        },
      ]);
      const sums = async (fields: Parameters<typeof summaryQuery>[0]) => current().summarize(summaryQuery(fields));
      expect(await sums(filter('cost', 'neq', null))).toEqual([
        {
          ...{ fromMs: null, group: {}, ...NONE, requests: 4, errors: 1, cached: 1, tokensIn: 100_010 },
          ...{ tokensOut: 905, cachedTokensOut: 900, costPico: 2n ** 53n + 3_500_000_000n },
        },
      ]);
      expect(await sums(filter('model', 'eq', 'x'))).toEqual([]);
    });

    test('what a cache saved and the provider counted is added up, and more than a double holds', async () => {
      const usage = usageOf({ cacheRead: 12, cacheWrite: 7, reasoning: 5 });
      const huge = 2n ** 62n + 1n;
      await appendAll(current(), [
        { usage, costPico: huge },
        { usage: usageOf({ cacheRead: 3 }), costPico: 2n },
        { cached: true, costPico: 0n, savedPico: huge, tokensIn: 4 },
        { cached: true, costPico: 0n, savedPico: null, tokensOut: 6 },
      ]);
      expect(await current().summarize(summaryQuery({ groupBy: ['cached'] }))).toEqual([
        {
          ...{ fromMs: null, group: { cached: false }, ...NONE, requests: 2, costPico: huge + 2n },
          ...{ cacheReadTokens: 15, cacheWriteTokens: 7, reasoningTokens: 5 },
        },
        {
          ...{ fromMs: null, group: { cached: true }, ...NONE, requests: 2, cached: 2, savedPico: huge },
          ...{ tokensIn: 4, tokensOut: 6, cachedTokensIn: 4, cachedTokensOut: 6 },
        },
      ]);
    });

    test.each([
      ['of one group', { groupBy: ['model'] as const }],
      ['over rows, for a filter that looks at each', { ...filter('duration', 'gt', 0) }],
    ])('distributions %s have every row that has the time', async (_which, fields) => {
      await appendAll(current(), [
        { durationMs: 100, latencyMs: 40 },
        { durationMs: 100.5, latencyMs: null },
        { durationMs: 9e9, latencyMs: 1 },
      ]);
      const query = { ...fields, groupBy: [...('groupBy' in fields ? fields.groupBy : [])], withDistributions: true };
      const [all] = (await current().summarize(summaryQuery(query))) ?? [];
      expect(all?.durations).toEqual({
        ...{ counts: counts([100, 100.5, 9e9]), p50: 112.5, p95: 1_000_000, p99: 1_000_000 },
      });
      expect(all?.latencies?.counts).toEqual(counts([40, 1]));
    });

    /** Three hours, rows at their borders and within. */
    const TIMES = [0, 1, HOUR_MS - 1, HOUR_MS, 1.5 * HOUR_MS, 2 * HOUR_MS - 1, 2 * HOUR_MS, 3 * HOUR_MS - 1];
    const at = (key: 'gt' | 'lt', ...offsets: number[]): LogFilter => ({
      key: 'created_at',
      operator: key,
      value: offsets.map((offset) => new Date(START_MS + offset).toISOString()),
    });
    test.each([
      ['no bound', [], [3, 3, 2]],
      ['from a border on', [at('gt', HOUR_MS - 1)], [0, 3, 2]],
      ['after a border', [at('gt', HOUR_MS)], [0, 2, 2]],
      ['to a border', [at('lt', 2 * HOUR_MS)], [3, 3, 0]],
      ['within hours on both sides', [at('gt', 0), at('lt', 2 * HOUR_MS + 1)], [2, 3, 1]],
      ['within one hour', [at('gt', HOUR_MS), at('lt', 2 * HOUR_MS - 1)], [0, 1, 0]],
      ['across one border', [at('gt', 1), at('lt', HOUR_MS + 1)], [1, 1, 0]],
      ['alternatives', [at('gt', 2 * HOUR_MS, HOUR_MS)], [0, 2, 2]],
      ['two lower bounds', [at('gt', 1), at('gt', HOUR_MS)], [0, 2, 2]],
      ['nothing between', [at('gt', 2 * HOUR_MS), at('lt', HOUR_MS)], [0, 0, 0]],
      ['one moment', [{ key: 'created_at', operator: 'eq', value: [START_MS] }], [1, 0, 0]],
      ['no time at all', [{ key: 'created_at', operator: 'gt', value: ['nonsense'] }], [0, 0, 0]],
    ] as [string, LogFilter[], number[]][])(
      'a range of time counts its rows exactly: %s',
      async (_rule, filters, hours) => {
        await appendAll(
          current(),
          TIMES.map((offset) => ({ createdAtMs: START_MS + offset })),
        );
        const expected = hours.flatMap((requests, hour) =>
          requests === 0 ? [] : { fromMs: START_MS + hour * HOUR_MS, requests },
        );
        for (const groupBy of [['provider'], ['user_agent'], ['provider', 'user_agent']] as const) {
          const found = await current().summarize(summaryQuery({ filters, groupBy: [...groupBy], spanMs: HOUR_MS }));
          expect(found?.map(({ fromMs, requests }) => ({ fromMs: fromMs ?? 0, requests }))).toEqual(expected);
        }
      },
    );

    test('a status has a class', async () => {
      await appendAll(
        current(),
        [100, 204, 302, 404, 499, 599, 600, 0].map((statusCode) => ({ statusCode })),
      );
      const found = await current().summarize(summaryQuery({ groupBy: ['status_class'] }));
      expect(found?.map(({ group, requests }) => `${group.status_class} ${requests}`)).toEqual([
        ...['1xx 1', '2xx 1', '3xx 1', '4xx 2', '5xx 1', 'none 2'],
      ]);
    });

    test('no more summaries than the limit, or none', async () => {
      await appendAll(current(), [{ model: 'a' }, { model: 'b' }, { model: 'c' }]);
      const found = async (limit: number) => current().summarize(summaryQuery({ groupBy: ['model'], limit }));
      expect((await found(3))?.length).toBe(3);
      expect(await found(2)).toBeNull();
      await current().delete(selection(filter('model', 'eq', 'a')));
      expect((await found(2))?.length).toBe(2);
    });

    test('rows that are deleted count no more, rows that are changed still do', async () => {
      const usage = usageOf({ cacheRead: 1, reasoning: 2 });
      const row = (n: number): Partial<LogRecord> => ({ eventId: `${n}`, tokensIn: n, costPico: 10n ** 17n, usage });
      await appendAll(current(), [row(1), row(2), row(4)]);
      const id = logId(START_MS + 1);
      await current().patch('gateway-1', id, { feedback: 1, metadata: { a: 'b' }, score: 3 });
      const sums = async (): Promise<LogSummary[] | null> =>
        current().summarize(summaryQuery({ groupBy: ['provider'] }));
      expect(await sums()).toMatchObject([{ requests: 3, tokensIn: 7, costPico: 3n * 10n ** 17n, reasoningTokens: 6 }]);
      await current().delete(selection(filter('id', 'eq', id)));
      expect(await sums()).toMatchObject([{ requests: 2, tokensIn: 5, costPico: 2n * 10n ** 17n, reasoningTokens: 4 }]);
      const rule = { limit: 1, strategy: 'DELETE_OLDEST' } as const;
      await current().append(logRecord({ createdAtMs: START_MS + 9, tokensIn: 8 }), null, rule);
      expect(await sums()).toEqual([
        { fromMs: null, group: { provider: 'openai' }, ...NONE, requests: 1, tokensIn: 8 },
      ]);
      await current().dropGateway('gateway-1');
      expect(await sums()).toEqual([]);
    });
  });
}

function counts(values: number[]): number[] {
  const found = Array<number>(BUCKETS).fill(0);
  for (const value of values) found[bucketOf(value)] = (found[bucketOf(value)] ?? 0) + 1;
  return found;
}
