import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { LogQuery, LogRecord, LogRetention, LogStore } from '../log-ports.ts';
import {
  appendAll,
  filter,
  logId,
  logRecord,
  names,
  query,
  START_MS,
  selection,
  usageOf,
  summaryQuery,
} from './builders.ts';
import { FILTER_CASES, FILTER_ROWS, ORDER_CASES } from './log-store-cases.ts';
import { describeSummaries } from './log-summaries.ts';

export interface OpenedStore {
  store: LogStore;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

/** The `LogStore` contract. `open` gives an empty store for each test. */
export function describeLogStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`LogStore contract: ${name}`, () => {
    let opened: OpenedStore;
    let store: LogStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    test('a row comes back as it was given, every field', async () => {
      const record = fullRecord();
      await store.append(record, null, null);
      expect(await store.get('gateway-1', record.id)).toEqual({ record, bodies: null });
      expect((await store.list(query())).rows).toEqual([record]);
    });

    test('bodies come back byte for byte, and what was not kept is null', async () => {
      const request = Uint8Array.from({ length: 70_000 }, (_, i) => (i * i) & 0xff);
      const given = { request, response: new TextEncoder().encode('{"ok":true}'), responseText: 'héllo 👋' };
      const [full, partial, empty, none] = [1, 2, 3, 4].map((n) => logRecord({ createdAtMs: START_MS + n }));
      await store.append(full as LogRecord, given, null);
      await store.append(partial as LogRecord, { request: null, response: new Uint8Array(0), responseText: '' }, null);
      await store.append(empty as LogRecord, { request: null, response: null, responseText: null }, null);
      await store.append(none as LogRecord, null, null);
      const bodies = async (row?: LogRecord) => (await store.get('gateway-1', row?.id ?? ''))?.bodies;
      expect(await bodies(full)).toEqual(given);
      expect(await bodies(partial)).toEqual({ request: null, response: new Uint8Array(0), responseText: '' });
      expect(await bodies(empty)).toBeNull();
      expect(await bodies(none)).toBeNull();
    });

    test('the caller may reuse its buffers once append has returned', async () => {
      const backing = new Uint8Array(64).fill(7);
      const request = backing.subarray(8, 24);
      const committed = store.append(logRecord(), { request, response: null, responseText: null }, null);
      backing.fill(9);
      await committed;
      expect((await store.get('gateway-1', logId(START_MS)))?.bodies?.request).toEqual(new Uint8Array(16).fill(7));
      expect(backing.byteLength).toBe(64);
    });

    test('an id that is not there is null, in any shape', async () => {
      await store.append(logRecord(), null, null);
      for (const id of [logId(START_MS, 1), 'nonsense', '']) {
        expect(await store.get('gateway-1', id)).toBeNull();
        expect(await store.patch('gateway-1', id, { score: 1 })).toBeNull();
      }
      expect(await store.get('gateway-2', logId(START_MS))).toBeNull();
    });

    test('gateways do not see each other', async () => {
      await appendAll(store, [{ eventId: 'a' }, { eventId: 'b', gatewayKey: 'gateway-2' }]);
      expect(names(await store.list(query()))).toEqual(['a']);
      expect(names(await store.list(query({ gatewayKey: 'gateway-2' })))).toEqual(['b']);
      await store.dropGateway('gateway-1');
      expect((await store.list(query())).totalCount).toBe(0);
      expect((await store.list(query({ gatewayKey: 'gateway-2' }))).totalCount).toBe(1);
      await store.append(logRecord({ eventId: 'again' }), null, null);
      expect(names(await store.list(query()))).toEqual(['again']);
    });

    test('newest first goes by the time of the call, not by when it ended', async () => {
      await appendAll(store, [
        { eventId: 'second', createdAtMs: START_MS + 5000 },
        { eventId: 'late, but begun first', createdAtMs: START_MS },
        { eventId: 'third', createdAtMs: START_MS + 9000 },
      ]);
      expect(names(await store.list(query()))).toEqual(['third', 'second', 'late, but begun first']);
    });

    test('pages cut the order into pieces, and past the end there is nothing', async () => {
      await appendAll(
        store,
        Array.from({ length: 7 }, (_, i) => ({ eventId: `${i}` })),
      );
      const page = async (n: number) => names(await store.list(query({ page: n, perPage: 3 })));
      expect([await page(1), await page(2), await page(3), await page(4)]).toEqual([
        ['6', '5', '4'],
        ['3', '2', '1'],
        ['0'],
        [],
      ]);
      expect((await store.list(query({ page: 9, perPage: 3 }))).totalCount).toBe(7);
    });

    describe('filters', () => {
      test.each(FILTER_CASES)('%s %s %j finds %j', async (key, operator, value, expected) => {
        await appendAll(store, FILTER_ROWS);
        const page = await store.list(query({ filters: [{ key, operator, value }], direction: 'asc' }));
        expect(names(page).join('')).toBe(expected);
        expect(page.totalCount).toBe(expected.length);
      });

      test('all filters must hold, and metadata key and value are judged apart', async () => {
        await appendAll(store, FILTER_ROWS);
        const found = async (fields: Partial<LogQuery>) => names(await store.list(query(fields))).join('');
        const key = { key: 'metadata.key', operator: 'eq', value: ['team'] } as const;
        const value = { key: 'metadata.value', operator: 'eq', value: ['42'] } as const;
        expect(await found({ filters: [{ ...key, value: ['team'] }] })).toBe('ba');
        expect(await found({ filters: [{ ...value, value: ['42'] }] })).toBe('b');
        expect(
          await found({
            filters: [
              { ...key, value: ['team'] },
              { ...value, value: ['42'] },
            ],
          }),
        ).toBe('b');
      });

      test.each([
        ['AZURE', 'c'],
        ['gpt-5-MINI', 'ba'],
        ['messages', 'd'],
        ['python', 'a'],
        ['tEAm', 'ba'],
        ['blü', 'b'],
        [logId(START_MS + 2), 'c'],
        ['c', 'dcba'],
        ['no such thing', ''],
      ])('search for %s finds %s', async (search, expected) => {
        await appendAll(store, FILTER_ROWS);
        expect(names(await store.list(query({ search }))).join('')).toBe(expected);
      });
    });

    test.each(ORDER_CASES)('order by %s %s gives %s', async (orderBy, direction, expected) => {
      await appendAll(store, FILTER_ROWS);
      expect(names(await store.list(query({ orderBy, direction }))).join('')).toBe(expected);
    });

    test('rows of one millisecond are told apart by their ids', async () => {
      const rows = [3, 1, 4, 2].map((n) => ({ createdAtMs: START_MS, id: logId(START_MS, n), eventId: `${n}` }));
      await appendAll(store, rows);
      expect(names(await store.list(query()))).toEqual(['4', '3', '2', '1']);
      expect(names(await store.list(query({ direction: 'asc', orderBy: 'model' })))).toEqual(['1', '2', '3', '4']);
    });

    test('statistics cover every match, not the page', async () => {
      await appendAll(store, FILTER_ROWS);
      const page = await store.list(query({ perPage: 1, withStatistics: true }));
      expect(page.statistics).toEqual({
        minCostPico: 0n,
        maxCostPico: 2_500_000_000n,
        minDurationMs: 0.5,
        maxDurationMs: 9000,
        minTokensIn: 0,
        maxTokensIn: 100_000,
        minTokensOut: 5,
        maxTokensOut: 900,
        minTotalTokens: 10,
        maxTotalTokens: 100_005,
      });
      const nothing = await store.list(query({ withStatistics: true, search: 'no such thing' }));
      expect(Object.values(nothing.statistics ?? {})).toEqual(Array(10).fill(null));
      expect((await store.list(query())).statistics).toBeNull();
    });

    describeSummaries(() => store);

    test('a patch changes what it names, clears by null, and filters see it at once', async () => {
      const [row] = await appendAll(store, [{ metadata: { team: 'red' }, score: 5 }, {}]);
      const id = row?.id ?? '';
      expect(await store.patch('gateway-1', id, { feedback: 1 })).toEqual({ ...row, feedback: 1 } as LogRecord);
      expect((await store.list(query(filter('feedback', 'eq', 1)))).totalCount).toBe(1);
      const changed = await store.patch('gateway-1', id, { feedback: null, metadata: { env: 'Test' }, score: 0 });
      expect(changed).toEqual({ ...row, metadata: { env: 'Test' }, score: 0 } as LogRecord);
      expect((await store.get('gateway-1', id))?.record).toEqual(changed as LogRecord);
      expect((await store.list(query(filter('feedback', 'eq', null)))).totalCount).toBe(2);
      expect((await store.list(query(filter('metadata.value', 'contains', 'tes')))).totalCount).toBe(1);
      expect((await store.list(query(filter('metadata.key', 'eq', 'team')))).totalCount).toBe(0);
      expect((await store.patch('gateway-1', id, { metadata: null }))?.metadata).toBeNull();
      expect((await store.list(query(filter('metadata.key', 'eq', null)))).totalCount).toBe(2);
    });

    test('a patch finds a row that was appended just before', async () => {
      void store.append(logRecord(), null, null);
      expect((await store.patch('gateway-1', logId(START_MS), { score: 3 }))?.score).toBe(3);
    });

    test('a new cost replaces cost and bill of the rows that are there, and filters and sums see it at once', async () => {
      const rows = await appendAll(store, [{ serviceTier: 'flex', costPico: 1n }, {}, { costPico: 5n }]);
      const bill = {
        source: 'list' as const,
        version: '2026-01-02',
        lines: [{ component: 'input', units: 3, unitPrice: '0.5' }],
      };
      const changes = rows
        .slice(0, 2)
        .map(({ id }, i) => ({ id, costPico: i === 0 ? 2n : null, bill: i === 0 ? bill : null }));
      expect(await store.recost('gateway-1', [...changes, { id: logId(1), costPico: 9n, bill: null }])).toBe(2);
      expect((await store.get('gateway-1', rows[0]?.id ?? ''))?.record).toEqual({
        ...(rows[0] as LogRecord),
        costPico: 2n,
        bill,
      });
      expect((await store.list(query({ orderBy: 'cost', direction: 'asc' }))).rows.map((row) => row.costPico)).toEqual([
        2n,
        5n,
        null,
      ]);
      expect(await store.summarize(summaryQuery())).toMatchObject([{ costPico: 7n }]);
      expect(await store.recost('gateway-2', changes)).toBe(0);
    });

    test('deletion takes the first rows of the order, or all that match', async () => {
      await appendAll(store, FILTER_ROWS);
      expect(await store.delete(selection({ orderBy: 'cost', direction: 'desc' }), 1)).toBe(1);
      expect(names(await store.list(query())).join('')).toBe('dcb');
      expect(await store.delete(selection(filter('provider', 'eq', 'anthropic')))).toBe(1);
      expect(await store.delete(selection(filter('provider', 'eq', 'anthropic')))).toBe(0);
      expect(await store.get('gateway-1', logId(START_MS + 3))).toBeNull();
      expect(names(await store.list(query())).join('')).toBe('cb');
      expect(await store.delete(selection())).toBe(2);
      expect(await store.list(query())).toEqual({ rows: [], totalCount: 0, statistics: null });
    });

    test('retention DELETE_OLDEST keeps the rows stored last', async () => {
      const rule: LogRetention = { limit: 5, strategy: 'DELETE_OLDEST' };
      for (let i = 0; i < 23; i++) void store.append(logRecord({ createdAtMs: START_MS + i }), null, rule);
      await store.flush();
      const page = await store.list(query());
      expect(page.totalCount).toBe(5);
      expect(page.rows.map((row) => row.createdAtMs - START_MS)).toEqual([22, 21, 20, 19, 18]);
    });

    test('retention STOP_INSERTING keeps the rows stored first, and goes on when there is room', async () => {
      const rule: LogRetention = { limit: 5, strategy: 'STOP_INSERTING' };
      for (let i = 0; i < 23; i++) void store.append(logRecord({ createdAtMs: START_MS + i }), null, rule);
      await store.flush();
      expect((await store.list(query())).rows.map((row) => row.createdAtMs - START_MS)).toEqual([4, 3, 2, 1, 0]);
      await store.delete(selection(), 2);
      await store.append(logRecord({ createdAtMs: START_MS + 50 }), null, rule);
      expect((await store.list(query())).rows.map((row) => row.createdAtMs - START_MS)).toEqual([50, 2, 1, 0]);
    });

    test('health of an idle store is clean', () => {
      expect(store.health()).toEqual({
        queuedRows: 0,
        queuedBytes: 0,
        droppedRows: 0,
        droppedBodies: 0,
        damagedSegments: [],
        lastError: null,
      });
    });
  });
}

function fullRecord(): LogRecord {
  return logRecord({
    eventId: 'event chosen by the client',
    durationMs: 1234.5678,
    latencyMs: null,
    modelType: null,
    requestContentType: null,
    statusCode: 529,
    outcome: 'truncated',
    cached: true,
    step: 3,
    tokensIn: 0,
    tokensOut: 77,
    usage: usageOf({ input: 0, output: 77, cacheRead: 12, units: { search_units: 1.5, '2': 2 } }),
    // More than a double can hold.
    costPico: 9_007_199_254_740_993n,
    bill: {
      source: 'override',
      version: 'id-2',
      lines: [{ component: 'second', units: 0.5, unitPrice: '100000000/9' }],
    },
    serviceTier: 'priority',
    billedRuns: [
      { model: null, usage: usageOf({ input: 4, inputFull: 4 }) },
      { model: 'advisor', usage: usageOf({ output: 0, units: { searches: 2 } }) },
    ],
    savedPico: 9_007_199_254_740_995n,
    customCost: true,
    metadata: { team: 'Größe', count: -1.25, on: false, '': '' },
    authentication: false,
    wholesale: true,
    byok: false,
    compatibilityMode: true,
    feedback: -1,
    score: 99.5,
    userAgent: 'curl/8 👋',
    dlpAction: 'FLAG',
    error: { code: 2005, message: 'connect_refused\n"quoted"' },
    streamed: true,
    finishReason: 'length',
    payloadDropped: true,
    limitsObserved: ['daily', 'per-user'],
    usageSource: 'estimated',
    zeroRetention: 'forwarded',
    stages: { plan: 0.25, send: 1200 },
  });
}
