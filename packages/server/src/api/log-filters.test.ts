import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_BASE, LOG_FILTER_FIELDS, LOG_ORDER_FIELDS } from '@headgate/contract';
import fc from 'fast-check';
import { ACCOUNT, type ApiFixture, apiFixture, MINIMAL_GATEWAY } from '../../../../test/support/management-api.ts';
import { systemClock } from '../lib/index.ts';
import { logId, logRecord, START_MS } from '../stores/contract/index.ts';
import type { LogRecord, LogStore } from '../stores/log-ports.ts';
import { openSegmentLogStore } from '../stores/segments/index.ts';
import { createApi } from './app.ts';

/** The list of logs over the store in use gives what a scan of every row in memory gives, for whatever is asked. */

const ROWS = 300;
let fixture: ApiFixture;
let segments: LogStore;
let segmentsApi: (request: Request) => Promise<Response>;
let directory: string;

beforeAll(async () => {
  fixture = await apiFixture();
  directory = await mkdtemp(join(tmpdir(), 'headgate-filters-'));
  segments = await openSegmentLogStore({ directory, clock: systemClock, segmentRows: 64 });
  segmentsApi = createApi({ ...fixture.deps, logs: segments });
  const made = await fixture.call('gateways.create', { body: { id: 'g', ...MINIMAL_GATEWAY } });
  const rows = fc.sample(fields, { numRuns: ROWS, seed: 7 });
  for (const [n, row] of rows.entries()) {
    const createdAtMs = START_MS + (n >> 2);
    const id = logId(createdAtMs, n);
    const record = logRecord({ ...row, id, createdAtMs, gatewayKey: made.result.internal_id });
    await fixture.logs.append(record, null, null);
    void segments.append(record, null, null);
  }
  await segments.flush();
});
afterAll(async () => {
  await segments.close();
  await rm(directory, { recursive: true });
});

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const word = fc.constantFrom('openai', 'Open', 'gpt-5', 'GPT', 'é', '👋 a', '1', 'true', '%', 'a&b=c');
const count = fc.constantFrom(0, 1, 2, 100, 5_000_000_000);
const fields: fc.Arbitrary<Partial<LogRecord>> = fc.record(
  {
    eventId: word,
    durationMs: fc.oneof(count, fc.constantFrom(0.25, 123.456)),
    provider: word,
    model: word,
    modelType: orNull(word),
    path: word,
    requestType: word,
    requestContentType: orNull(word),
    responseContentType: orNull(word),
    statusCode: fc.constantFrom(200, 429, 500),
    outcome: fc.constantFrom('success', 'error', 'cancelled'),
    cached: fc.boolean(),
    tokensIn: orNull(count),
    tokensOut: orNull(count),
    costPico: orNull(fc.constantFrom(0n, 1n, 1_000_000n, 2n ** 50n)),
    metadata: orNull(fc.dictionary(fc.constantFrom('team', '1'), fc.oneof(word, count, fc.boolean()))),
    authentication: fc.boolean(),
    wholesale: fc.boolean(),
    compatibilityMode: fc.boolean(),
    feedback: fc.constantFrom(-1, 1, null),
    userAgent: orNull(word),
    dlpAction: orNull(word),
  },
  { requiredKeys: [] },
);

const isoTime = fc.integer({ min: -2, max: ROWS / 4 + 2 }).map((n) => new Date(START_MS + n).toISOString());
const value = fc.oneof(
  { weight: 4, arbitrary: word },
  {
    weight: 4,
    arbitrary: fc.constantFrom('0', '1', '-1', '2', '100', '200', '0.25', '1e-6', 'false', 'team', 'success'),
  },
  { weight: 2, arbitrary: isoTime },
  { weight: 1, arbitrary: fc.nat({ max: ROWS }).map((n) => logId(START_MS + (n >> 2), n)) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const filter = fc.record({
  key: fc.constantFrom(...LOG_FILTER_FIELDS),
  operator: fc.constantFrom('eq', 'neq', 'contains', 'lt', 'gt'),
  value: fc.array(value, { minLength: 1, maxLength: 3 }),
});
type Filter = typeof filter extends fc.Arbitrary<infer F> ? F : never;

/** The two ways in which filters come. */
const FORMS: ((filters: Filter[]) => [string, string][])[] = [
  (filters) => [['filters', JSON.stringify(filters)]],
  (filters) =>
    filters.flatMap((one) => [
      ['filters.key', one.key] as [string, string],
      ['filters.operator', one.operator] as [string, string],
      ...one.value.map((text): [string, string] => ['filters.value', text ?? '']),
    ]),
];

const parameter = fc.oneof(
  fc.tuple(fc.constantFrom('cached', 'success', 'meta_info'), fc.constantFrom('true', 'false')),
  fc.tuple(fc.constantFrom('provider', 'model', 'model_type', 'search'), word),
  fc.tuple(
    fc.constantFrom('min_cost', 'max_cost', 'min_duration', 'max_duration', 'min_tokens_in', 'max_total_tokens'),
    fc.constantFrom('0', '1', '0.000001', '100', '200'),
  ),
  fc.tuple(fc.constantFrom('start_date', 'end_date'), isoTime),
  fc.tuple(fc.constant('feedback'), fc.constantFrom('-1', '0', '1')),
);
const query = fc.record({
  filters: fc.array(filter, { maxLength: 3 }),
  form: fc.constantFrom(...FORMS),
  parameters: fc.uniqueArray(parameter, { maxLength: 2, selector: ([name]) => name }),
  order: fc.tuple(fc.constantFrom(...LOG_ORDER_FIELDS), fc.constantFrom('asc', 'desc')),
  page: fc.constantFrom(1, 1, 1, 2, 9),
  perPage: fc.constantFrom(1, 7, 50),
});

async function ask(api: (request: Request) => Promise<Response>, search: URLSearchParams) {
  const url = `https://gateway.test${API_BASE}/accounts/${ACCOUNT}/ai-gateway/gateways/g/logs?${search}`;
  const response = await api(new Request(url, { headers: { authorization: `Bearer ${fixture.adminToken}` } }));
  return { status: response.status, body: await response.json() };
}

test('random filters give the same rows, counts and statistics', async () => {
  const seen = { rows: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(query, async ({ filters, form, parameters, order, page, perPage }) => {
      const search = new URLSearchParams([
        ...form(filters),
        ...parameters,
        ['order_by', order[0]],
        ['order_by_direction', order[1]],
        ['page', String(page)],
        ['per_page', String(perPage)],
      ]);
      const scanned = await ask(fixture.api, search);
      expect(await ask(segmentsApi, search)).toEqual(scanned);
      expect([200, 400]).toContain(scanned.status);
      if (scanned.status === 200) seen.rows += (scanned.body as { result: unknown[] }).result.length;
      else seen.refused++;
    }),
    { numRuns: 1500 },
  );
  expect(seen.rows).toBeGreaterThan(500);
  expect(seen.refused).toBeGreaterThan(50);
}, 60_000);

test('one filter alone, of every key and operator, gives the same rows in both forms', async () => {
  const values = ['openai', '1', '100', 'true', new Date(START_MS + 20).toISOString(), logId(START_MS + 5, 20)];
  for (const key of LOG_FILTER_FIELDS) {
    for (const operator of ['eq', 'neq', 'contains', 'lt', 'gt'] as const) {
      for (const one of values) {
        const answers = await Promise.all(
          FORMS.flatMap((form) => {
            const search = new URLSearchParams([...form([{ key, operator, value: [one] }]), ['per_page', '50']]);
            return [ask(fixture.api, search), ask(segmentsApi, search)];
          }),
        );
        for (const answer of answers) expect<unknown>(answer).toEqual(answers[0]);
      }
    }
  }
}, 60_000);
