import { LOG_DIMENSIONS, LOG_FILTER_FIELDS, LOG_ORDER_FIELDS } from '@headgate/contract';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../lib/index.ts';
import { logId, logRecord, START_MS, usageOf } from '../contract/index.ts';
import { openMemoryLogStore } from '../memory/index.ts';
import type {
  LogChange,
  LogFilter,
  LogFilterKey,
  LogRecord,
  LogRecost,
  LogRetention,
  LogSelection,
  LogSummaryQuery,
  LogStore,
} from '../log-ports.ts';
import { openSegmentLogStore } from './index.ts';

type Operation =
  | {
      do: 'append';
      rows: { fields: Partial<LogRecord>; body: Uint8Array | null }[];
      keep: number | null;
      strategy: LogRetention['strategy'];
    }
  | { do: 'patch'; row: number; change: LogChange }
  | { do: 'recost'; changes: { row: number; cost: Pick<LogRecost, 'costPico' | 'bill'> }[] }
  | { do: 'delete'; selection: Omit<LogSelection, 'gatewayKey'>; limit: number | undefined }
  | { do: 'list'; selection: Omit<LogSelection, 'gatewayKey'>; page: number; perPage: number; withStatistics: boolean }
  | { do: 'summarize'; query: Omit<LogSummaryQuery, 'gatewayKey'> }
  | { do: 'get'; row: number }
  | { do: 'reopen' };

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
/** Few texts, so that they meet; among them those whose lower case depends on neighbours or is longer. */
const text = fc.constantFrom(
  '',
  'a',
  'A',
  'ab',
  'B',
  'aB-c',
  'ΑΣ',
  'ς',
  'İx',
  'i',
  'é',
  '👋',
  'true',
  '1',
  '-',
  '00',
  'null\u0000x',
);
const HOUR_MS = 3_600_000;
/** At the beginning of one of a few hours, or right before it. */
const time = fc
  .record({ hour: fc.nat({ max: 3 }), ms: fc.integer({ min: -2, max: 30 }) })
  .map(({ hour, ms }) => START_MS + hour * HOUR_MS + ms);
const count = fc.constantFrom(0, 1, 2, 100, 255, 256, 65_535, 65_536, 5_000_000_000);
const metadataValue = fc.oneof(text, fc.constantFrom(0, 1, -2.5, 1e21), fc.boolean());
const metadata = orNull(fc.dictionary(fc.constantFrom('a', 'team', '1', 'Σ', ''), metadataValue, { maxKeys: 3 }));

const costPico = orNull(
  fc.oneof(fc.constantFrom(0n, 1n, 1_000_000n, 2_000_000n, 2n ** 53n), fc.bigInt(0n, 10n ** 12n)),
);
const billLine = fc.record({ component: text, units: fc.oneof(count, fc.constant(0.5)), unitPrice: text });
const bill: fc.Arbitrary<LogRecord['bill']> = orNull(
  fc.record({
    source: fc.constantFrom('list', 'override', 'custom'),
    version: orNull(text),
    lines: fc.array(billLine, { maxLength: 3 }),
  }),
);
const billedRun = fc.record({ model: orNull(text), usage: count.map((output) => usageOf({ output })) });

const fields: fc.Arbitrary<Partial<LogRecord>> = fc.record(
  {
    createdAtMs: time,
    eventId: text,
    durationMs: fc.oneof(count, fc.constantFrom(0.25, 1e-7, 123.456)),
    latencyMs: orNull(count),
    provider: text,
    model: text,
    modelType: orNull(text),
    path: text,
    requestType: text,
    requestContentType: orNull(text),
    responseContentType: orNull(text),
    statusCode: fc.constantFrom(200, 429, 500),
    outcome: fc.constantFrom('success', 'error', 'cancelled'),
    cached: fc.boolean(),
    tokensIn: orNull(count),
    tokensOut: orNull(count),
    usage: orNull(
      fc
        .record({ input: count, cacheRead: orNull(count), cacheWrite: orNull(count), reasoning: orNull(count) })
        .map((counters) => usageOf({ ...counters, units: { seconds: 0.5 } })),
    ),
    savedPico: orNull(fc.bigInt(0n, 10n ** 12n)),
    costPico,
    bill,
    serviceTier: orNull(text),
    billedRuns: orNull(fc.array(billedRun, { minLength: 1, maxLength: 2 })),
    metadata,
    authentication: fc.boolean(),
    wholesale: fc.boolean(),
    compatibilityMode: fc.boolean(),
    feedback: fc.constantFrom(-1, 1, null),
    score: orNull(count),
    userAgent: orNull(text),
    dlpAction: orNull(text),
    stages: orNull(fc.dictionary(fc.constantFrom('plan', 'send'), count, { maxKeys: 2 })),
  },
  { requiredKeys: ['createdAtMs'] },
);

const NUMBERS: LogFilterKey[] = ['cost', 'tokens', 'tokens_in', 'tokens_out', 'duration', 'feedback', 'status_code'];
const BOOLEANS: LogFilterKey[] = ['success', 'cached', 'authentication', 'wholesale', 'compatibilityMode'];
const idPart = fc.nat({ max: 60 }).chain((n) => fc.constantFrom(idOf(n), idOf(n).slice(6, 16), idOf(n).slice(-3)));
const anyValue = fc.constantFrom(null, null, '', 1, '0', 'nonsense');

/** Mostly values of the kind that the key is about. */
function valueFor(key: LogFilterKey): fc.Arbitrary<LogFilter['value'][number]> {
  const usual: fc.Arbitrary<LogFilter['value'][number]> =
    key === 'created_at'
      ? time.map((ms) => new Date(ms).toISOString())
      : key === 'id'
        ? idPart
        : NUMBERS.includes(key)
          ? fc.oneof(count, fc.constantFrom(-1, 0.25, 1e-6, 2e-6, 200, 499.5, '100'))
          : BOOLEANS.includes(key)
            ? fc.constantFrom(true, false, 'TRUE', 'false', 1, '0')
            : key === 'outcome'
              ? fc.constantFrom('success', 'CANCEL', 'error')
              : text;
  return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: anyValue });
}

const filter: fc.Arbitrary<LogFilter> = fc.constantFrom(...LOG_FILTER_FIELDS).chain((key) =>
  fc.record({
    key: fc.constant(key),
    operator: fc.constantFrom('eq', 'neq', 'contains', 'lt', 'gt'),
    value: fc.array(valueFor(key), { maxLength: 3 }),
  }),
);
/** What roll-ups can answer, mostly. */
const summaryFilter: fc.Arbitrary<LogFilter> = fc.oneof(
  filter,
  fc.record({
    key: fc.constant('created_at'),
    operator: fc.constantFrom('gt', 'lt'),
    value: fc.array(time.map(isoTime)),
  }),
  fc.constantFrom('provider', 'model', 'outcome', 'success', 'cached', 'wholesale', 'status_code').chain((key) =>
    fc.record({
      key: fc.constant(key),
      operator: fc.constantFrom('eq', 'neq', 'contains'),
      value: fc.array(valueFor(key), { maxLength: 2 }),
    }),
  ),
);
const selection: fc.Arbitrary<Omit<LogSelection, 'gatewayKey'>> = fc.record({
  filters: fc.array(filter, { maxLength: 2 }),
  search: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.oneof(text, idPart) }),
  orderBy: fc.constantFrom(...LOG_ORDER_FIELDS),
  direction: fc.constantFrom('asc', 'desc'),
});

const row = fc.nat({ max: 60 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append'),
      rows: fc.array(fc.record({ fields, body: orNull(fc.uint8Array({ maxLength: 200 })) }), {
        minLength: 1,
        maxLength: 20,
      }),
      keep: fc.oneof(
        { weight: 4, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
      ),
      strategy: fc.constantFrom('DELETE_OLDEST', 'STOP_INSERTING'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('patch'),
      row,
      change: fc.record(
        { feedback: fc.constantFrom(1, -1, null), score: orNull(count), metadata },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('recost'),
      changes: fc.uniqueArray(fc.record({ row, cost: fc.record({ costPico, bill }) }), {
        selector: (change) => change.row,
        maxLength: 12,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('delete'),
      selection,
      limit: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('list'),
      selection,
      page: fc.integer({ min: 1, max: 4 }),
      perPage: fc.integer({ min: 1, max: 15 }),
      withStatistics: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('summarize'),
      query: fc.record({
        filters: fc.array(summaryFilter, { maxLength: 2 }),
        groupBy: fc.uniqueArray(fc.constantFrom(...LOG_DIMENSIONS), { maxLength: 2 }),
        spanMs: fc.constantFrom(null, 10, HOUR_MS, 3 * HOUR_MS),
        withDistributions: fc.boolean(),
        limit: fc.constantFrom(null, null, 4),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get'), row }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

let directory: string;
let store: LogStore;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-logs-'));
  store = await open();
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

/** With chunks of four rows and segments of sixteen, so that a few dozen rows cross every border. */
function open(): Promise<LogStore> {
  return openSegmentLogStore({ directory, clock: systemClock, segmentRows: 16, segmentSpanMs: HOUR_MS });
}

test('any history of operations gives what a plain scan over arrays gives', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 2, maxLength: 20 }), async (operations) => {
      run += 1;
      const history = { gatewayKey: `run-${run}`, appended: 0 };
      const model = openMemoryLogStore();
      const counter = { ...history };
      for (const step of operations) {
        expect(await apply(store, step, history)).toEqual(await apply(model, step, counter));
      }
      expect(store.health().lastError).toBeNull();
      await store.dropGateway(history.gatewayKey);
    }),
    { numRuns: 200, interruptAfterTimeLimit: 60_000 },
  );
}, 120_000);

async function apply(
  target: LogStore,
  step: Operation,
  history: { gatewayKey: string; appended: number },
): Promise<unknown> {
  const { gatewayKey } = history;
  switch (step.do) {
    case 'append': {
      const retention = step.keep === null ? null : { limit: step.keep, strategy: step.strategy };
      for (const { fields: given, body } of step.rows) {
        const record = logRecord({ ...given, id: idOf(history.appended), gatewayKey });
        const bodies = body && { request: body, response: null, responseText: null };
        void target.append({ ...record, eventId: given.eventId ?? record.id }, bodies, retention);
        history.appended += 1;
      }
      return target.flush();
    }
    case 'patch':
      return target.patch(gatewayKey, idOf(step.row), step.change);
    case 'recost':
      return target.recost(
        gatewayKey,
        step.changes.map((change) => ({ id: idOf(change.row), ...change.cost })),
      );
    case 'delete':
      return target.delete({ gatewayKey, ...step.selection }, step.limit);
    case 'list': {
      const { page, perPage, withStatistics } = step;
      return target.list({ gatewayKey, ...step.selection, page, perPage, withStatistics });
    }
    case 'summarize':
      return target.summarize({ gatewayKey, ...step.query });
    case 'get':
      return target.get(gatewayKey, idOf(step.row));
    case 'reopen': {
      if (target !== store) return;
      await store.close();
      store = await open();
      return;
    }
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Ids in no order: their times repeat and step back, as those of late rows do. */
function idOf(n: number): string {
  return logId(START_MS + ((n * 7) % 30), n);
}
