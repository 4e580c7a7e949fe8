import { afterEach, beforeEach, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_DIMENSIONS } from '@headgate/contract';
import { systemClock } from '../../lib/index.ts';
import { appendAll, filter, logRecord, query, START_MS, selection, summaryQuery } from '../contract/index.ts';
import type { LogFilter, LogRecord, LogStore } from '../log-ports.ts';
import { openSegmentLogStore } from './index.ts';

const CHILD = Bun.fileURLToPath(new URL('./faults-child.ts', import.meta.url));
const HOUR_MS = 3_600_000;

let directory: string;
let store: LogStore | null;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-logs-'));
  store = null;
});
afterEach(async () => {
  await store?.close();
  await rm(directory, { recursive: true, force: true });
});

async function open(): Promise<LogStore> {
  await store?.close();
  store = await openSegmentLogStore({ directory, clock: systemClock, segmentRows: 64 });
  return store;
}

/** Holds for every row, and only rows can tell. */
const EVERY_ROW: LogFilter = { key: 'duration', operator: 'gt', value: [-1] };

async function expectSumsOfRows(of: LogStore, gatewayKey: string): Promise<number> {
  let requests = 0;
  for (const dimension of LOG_DIMENSIONS) {
    const asked = summaryQuery({ gatewayKey, groupBy: [dimension], spanMs: HOUR_MS, withDistributions: true });
    const kept = await of.summarize(asked);
    expect(kept).toEqual(await of.summarize({ ...asked, filters: [EVERY_ROW] }));
    requests = (kept ?? []).reduce((sum, group) => sum + group.requests, 0);
  }
  expect(requests).toBe((await of.list(query({ gatewayKey }))).totalCount);
  return requests;
}

test('after a process was killed roll-ups are the sums of the rows that are there', async () => {
  for (const lines of [1, 60, 300, 700]) {
    const child = Bun.spawn([process.execPath, CHILD, directory], { stdout: 'pipe' });
    let seen = '';
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      seen += chunk;
      if (seen.split('\n').length > lines) break;
    }
    child.kill('SIGKILL');
    await child.exited;
    const again = await open();
    const found = [];
    for (const gatewayKey of ['gateway-0', 'gateway-1', 'gateway-2']) {
      found.push(await expectSumsOfRows(again, gatewayKey));
    }
    expect((found[0] ?? 0) + (found[1] ?? 0)).toBeGreaterThanOrEqual(lines);
    expect(found[2]).toBeLessThanOrEqual(40);
    await again.close();
  }
}, 60_000);

/** Rows of a few hours that differ in everything that roll-ups tell apart. */
function someRows(count: number): Partial<LogRecord>[] {
  return Array.from({ length: count }, (_, n) => ({
    ...{ createdAtMs: START_MS + n * 60_000, provider: `p${n % 3}`, model: `m${n % 5}`, cached: n % 4 === 0 },
    ...{ statusCode: n % 7 === 0 ? 500 : 200, outcome: n % 7 === 0 ? 'error' : 'success', tokensIn: n },
    ...{ costPico: BigInt(n) * 10n ** 15n, savedPico: n % 4 === 0 ? 5n : null, userAgent: n % 2 === 0 ? 'a' : null },
    ...{ durationMs: n * 13, latencyMs: n % 6 === 0 ? null : n, requestType: n % 2 === 0 ? 'native' : 'universal' },
  }));
}

test('every dimension, split by the hour, has what the rows add up to, also when some are gone', async () => {
  const opened = await open();
  await appendAll(opened, someRows(500));
  expect(await expectSumsOfRows(opened, 'gateway-1')).toBe(500);
  await opened.delete(selection(filter('model', 'eq', 'm2')));
  await opened.delete(selection(filter('tokens_in', 'gt', 400)), 17);
  expect(await expectSumsOfRows(opened, 'gateway-1')).toBe(383);
  await opened.append(logRecord({ createdAtMs: START_MS + 600 * 60_000 }), null, {
    limit: 90,
    strategy: 'DELETE_OLDEST',
  });
  expect(await expectSumsOfRows(opened, 'gateway-1')).toBe(90);
  expect(await expectSumsOfRows(await open(), 'gateway-1')).toBe(90);
});

test('summaries by whole hours come from roll-ups, and others from rows', async () => {
  const opened = await open();
  await appendAll(opened, someRows(100));
  await opened.close();
  // Nothing but the roll-ups knows of the hundred requests any more.
  for (const name of readdirSync(join(directory, 'gateway-1')).filter((file) => file.endsWith('.db'))) {
    const db = new Database(join(directory, 'gateway-1', name));
    for (const table of ['rows', 'chunks', 'columns']) db.run(`DELETE FROM ${table}`);
    db.close();
  }
  const again = await open();
  const requests = async (fields: Parameters<typeof summaryQuery>[0]) =>
    ((await again.summarize(summaryQuery(fields))) ?? []).reduce((sum, group) => sum + group.requests, 0);
  const since = { ...filter('created_at', 'gt', new Date(START_MS + 90 * 60_000).toISOString()) };
  expect(await requests({})).toBe(100);
  expect(await requests({ spanMs: 24 * HOUR_MS, groupBy: ['provider', 'model', 'outcome', 'cached'] })).toBe(100);
  expect(await requests({ groupBy: ['user_agent'] })).toBe(100);
  expect(await requests({ groupBy: ['request_type', 'status_code'] })).toBe(100);
  expect(await requests({ ...filter('success', 'eq', false), groupBy: ['model'] })).toBe(15);
  // The second hour is not whole, and its rows are gone.
  expect(await requests(since)).toBe(0);
  expect(await requests({ spanMs: 1000 })).toBe(0);
  expect(await requests({ groupBy: ['provider', 'user_agent'] })).toBe(0);
  expect(await requests(filter('tokens_in', 'gt', -1))).toBe(0);
});

test('a damaged roll-up is damage of its segment', async () => {
  const opened = await open();
  await appendAll(opened, someRows(100));
  await opened.close();
  const files = readdirSync(join(directory, 'gateway-1')).filter((file) => file.endsWith('.db'));
  const db = new Database(join(directory, 'gateway-1', files.sort()[0] ?? ''));
  db.run("UPDATE rollups SET sums = x'00'");
  db.close();
  const again = await open();
  expect(await again.summarize(summaryQuery())).toMatchObject([{ requests: 36 }]);
  expect(again.health().damagedSegments.length).toBe(1);
});
