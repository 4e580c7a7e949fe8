import { beforeEach, describe, expect, test } from 'bun:test';
import { type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { logId, logRecord, usageOf } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/log-ports.ts';

const HOUR_MS = 3_600_000;
let fixture: ApiFixture;
let gatewayKey: string;
/** A whole hour: the fixture's clock starts inside one. */
let hourMs: number;
let appended: number;

beforeEach(async () => {
  fixture = await apiFixture();
  gatewayKey = (await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } })).result.internal_id;
  hourMs = Math.floor(fixture.clock.nowMs() / HOUR_MS) * HOUR_MS;
  fixture.clock.advance(5 * HOUR_MS);
  appended = 0;
});

async function add(atMs: number, fields: Partial<LogRecord>): Promise<void> {
  appended += 1;
  const row = logRecord({ gatewayKey, id: logId(atMs, appended), createdAtMs: atMs, ...fields });
  await fixture.logs.append(row, null, null);
}

const iso = (ms: number) => new Date(ms).toISOString();
const get = (query: Record<string, string>) =>
  fixture.call('analytics.get', { params: { gateway_id: 'g' }, query: `?${new URLSearchParams(query)}` });

describe('analytics', () => {
  test('sums, by the hour and by group, and over all', async () => {
    const usage = usageOf({ cacheRead: 4, cacheWrite: 3, reasoning: 2 });
    const good = { provider: 'openai', model: 'm', tokensIn: 10, tokensOut: 5, usage, costPico: 1_500_000_000_001n };
    await add(hourMs, { ...good, durationMs: 100, latencyMs: 40 });
    await add(hourMs + HOUR_MS - 1, { ...good, costPico: 0n, savedPico: 7n, cached: true, durationMs: 1 });
    await add(hourMs + HOUR_MS, {
      provider: 'anthropic',
      outcome: 'error',
      statusCode: 529,
      durationMs: 5000,
      latencyMs: null,
    });
    const { result } = await get({ start: iso(hourMs), interval: 'hour', group_by: 'provider,status_class' });
    expect(result).toMatchObject({ start: iso(hourMs), interval: 'hour', group_by: ['provider', 'status_class'] });
    const sums = { requests: 2, errors: 0, cached: 1, tokens_in: 20, tokens_out: 10, cost: 1.500000000001 };
    const more = { cache_read_tokens: 8, cache_write_tokens: 6, reasoning_tokens: 4, saved_cost: 0.000000000007 };
    expect(result.buckets).toMatchObject([
      { start: iso(hourMs), group: { provider: 'openai', status_class: '2xx' }, ...sums, ...more },
      { start: iso(hourMs + HOUR_MS), group: { provider: 'anthropic', status_class: '5xx' }, requests: 1, errors: 1 },
    ]);
    expect(result.buckets[0].duration.histogram).toEqual([
      { le: 1, count: 1 },
      { le: 100, count: 1 },
    ]);
    expect(result.buckets[1].duration).toMatchObject({ p50: 4500, p95: 4950, p99: 4990 });
    expect(result.buckets[1].latency).toMatchObject({ p50: null, histogram: [] });
    expect(result.totals).toMatchObject({ ...sums, ...more, requests: 3, errors: 1 });
    expect(result.totals.duration.histogram).toHaveLength(3);
  });

  test('the last day by default; the end is not part of the range; filters are those of the log', async () => {
    const endMs = fixture.clock.nowMs();
    for (const ago of [25 * HOUR_MS, 24 * HOUR_MS, HOUR_MS, 0])
      await add(endMs - ago, { model: ago === 0 ? 'b' : 'a' });
    const requests = async (query: Record<string, string>) => (await get(query)).result.totals.requests;
    expect(await requests({})).toBe(2);
    expect(await requests({ start: iso(endMs - 30 * HOUR_MS), end: iso(endMs + 1) })).toBe(4);
    const filters = JSON.stringify([{ key: 'model', operator: 'eq', value: ['b'] }]);
    expect(await requests({ end: iso(endMs + 1), filters })).toBe(1);
    const days = await get({ start: iso(endMs - 30 * HOUR_MS), end: iso(endMs + 1), interval: 'day' });
    expect(days.result.buckets.every(({ start }: { start: string }) => start.endsWith('T00:00:00.000Z'))).toBe(true);
    expect((await get({ start: iso(endMs), end: iso(endMs) })).result).toMatchObject({
      buckets: [],
      totals: { cost: 0 },
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ start: 'yesterday' }, 'start'],
    [{ start: '2026-02-01T00:00:00Z', end: '2026-01-01T00:00:00Z' }, 'start'],
    [{ interval: 'minute' }, 'interval'],
    [{ group_by: 'provider,colour' }, 'group_by'],
    [{ filters: '[{"key":"colour","operator":"eq","value":["red"]}]' }, 'filters'],
  ])('%j is refused by name', async (query, name) => {
    const refused = await get(query);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0]?.path?.slice(0, 2)).toEqual(['query', name]);
  });

  test('more buckets than an answer may hold are refused', async () => {
    for (let n = 0; n <= 10_000; n++) await add(hourMs, { model: `m${n}` });
    const refused = await get({ start: iso(hourMs), group_by: 'model' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: ['query', 'group_by'] }] } });
  });

  test('another gateway’s rows are not in it, and one that is not there is 404', async () => {
    await fixture.call('gateways.create', { body: { id: 'other', ...MINIMAL_GATEWAY } });
    await add(hourMs, {});
    const other = await fixture.call('analytics.get', { params: { gateway_id: 'other' } });
    expect(other.result.totals.requests).toBe(0);
    expect((await fixture.call('analytics.get', { params: { gateway_id: 'nobodys' } })).status).toBe(404);
  });
});
