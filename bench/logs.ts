/**
 * What the log engine takes and gives: fills a temporary directory with realistic rows and measures how fast they go in,
 * how large they are, and how long queries, sums, deletion and retention take. Prints Markdown, and writes the numbers to
 * `bench/out/logs.json`. A size needs about 300 bytes of disk per row.
 *
 *   npm run bench:logs -- [--rows 1000000,5000000]
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../packages/server/src/lib/index.ts';
import type { LogQuery, LogRecord, LogStore, LogSummaryQuery } from '../packages/server/src/stores/log-ports.ts';
import { openSegmentLogStore } from '../packages/server/src/stores/segments/index.ts';
import { cases, facets, summaries } from './log-cases.ts';
import { bodyPool, FIRST_MS, rows, SPAN_MS } from './log-rows.ts';

const GATEWAY = 'bench';
const BODY_BYTES = 2048;
/** Rows with bodies: their rate settles within this. */
const ROWS_WITH_BODIES = 300_000;
const RETAINED_LESS = 1_000_000;

interface Timing {
  name: string;
  /** Rows or groups found, or rows changed. */
  count: number;
  firstMs: number;
  againMs: number | null;
}

interface Result {
  rows: number;
  ingestWithBodiesPerS: number;
  ingestPerS: number;
  bytesPerRow: number;
  bytesPerRowWithBodies: number;
  fileBytes: number;
  openMs: number;
  rssMb: number;
  peakRssMb: number;
  pages: Timing[];
  facets: Timing[];
  summaries: Timing[];
  details: Timing[];
  changes: Timing[];
}

/** What is to be reached, each with what was. */
type Target = [what: string, value: (result: Result) => number, limit: number, isAtLeast?: true];
const most = (timings: Timing[]) =>
  Math.max(...timings.map(({ firstMs, againMs }) => Math.min(firstMs, againMs ?? firstMs)));
const named = (timings: Timing[], name: string) => most(timings.filter((timing) => timing.name === name));
const TARGETS: Target[] = [
  ['rows/s sustained, with 2 KB request and 2 KB answer', (r) => r.ingestWithBodiesPerS, 10_000, true],
  ['ms, first page with count', (r) => named(r.pages, 'newest page'), 300],
  ['ms, slowest facet', (r) => most(r.facets), 300],
  ['ms, 30 days by hour', (r) => named(r.summaries, '30 days by hour'), 200],
  ['ms, 30 days by hour, with percentiles', (r) => named(r.summaries, '30 days by hour, with percentiles'), 200],
  ['ms, retention of 1,000,000 rows', (r) => named(r.changes, 'retention takes 1,000,000 rows'), 1000],
  ['bytes a row, without bodies', (r) => r.bytesPerRow, 250],
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000,5000000' } } });
  const sizes = values.rows.split(',').map(Number);
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 1)) throw new Error('--rows: a comma list of numbers');
  const results: Result[] = [];
  for (const size of sizes) {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
    try {
      results.push(await measure(directory, size));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const machine = { bun: Bun.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' };
  const out = join(import.meta.dirname, 'out');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'logs.json'), JSON.stringify({ machine, results }, null, 2));
  print(`Bun ${machine.bun}, ${machine.cpus} × ${machine.cpu}\n`);
  printResults(results);
}

async function measure(directory: string, size: number): Promise<Result> {
  const withBodies = await ingest(join(directory, 'bodies'), Math.min(size, ROWS_WITH_BODIES), bodyPool(BODY_BYTES));
  rmSync(join(directory, 'bodies'), { recursive: true });
  const plain = join(directory, 'rows');
  const { perS, bytes } = await ingest(plain, size, null);
  const start = systemClock.monotonicMs();
  const store = await openSegmentLogStore({ directory: plain, clock: systemClock });
  const openMs = systemClock.monotonicMs() - start;
  try {
    const newest = await store.list(query({ perPage: 50 }));
    const some = newest.rows[7];
    if (some === undefined) throw new Error('nothing was stored');
    const sizes = { rows: size, fileBytes: bytes, bytesPerRow: bytes / size };
    const rates = { ingestPerS: perS, ingestWithBodiesPerS: withBodies.perS };
    const queries = {
      pages: await timeAll(cases(some), async (fields) => (await store.list(query(fields))).totalCount),
      facets: await timeAll(facets(), (fields) => groups(store, fields)),
      summaries: await timeAll(summaries(), (fields) => groups(store, fields)),
      details: await timeDetails(store, newest.rows),
    };
    const changes = await timeChanges(store, size, newest.rows);
    const { rss, peak } = memory();
    const bytesPerRowWithBodies = withBodies.bytes / Math.min(size, ROWS_WITH_BODIES);
    return { ...sizes, ...rates, bytesPerRowWithBodies, openMs, rssMb: rss, peakRssMb: peak, ...queries, changes };
  } finally {
    await store.close();
  }
}

/** Stores `count` rows; gives the rate until all are committed, and what the files hold then. */
async function ingest(
  directory: string,
  count: number,
  pool: ReturnType<typeof bodyPool> | null,
): Promise<{ perS: number; bytes: number }> {
  const store = await openSegmentLogStore({ directory, clock: systemClock });
  const start = systemClock.monotonicMs();
  let n = 0;
  for (const row of rows(GATEWAY, count)) {
    void store.append(row, pool?.[n % pool.length] ?? null, null);
    n += 1;
    // As calls would: no more rows wait than the queue takes.
    if (n % (pool === null ? 20_000 : 4000) === 0) await store.flush();
  }
  await store.flush();
  const perS = count / ((systemClock.monotonicMs() - start) / 1000);
  const { droppedRows, droppedBodies } = store.health();
  if (droppedRows + droppedBodies > 0) throw new Error(`${droppedRows} rows and ${droppedBodies} bodies were dropped`);
  await store.close();
  return { perS, bytes: sizeOf(directory) };
}

async function timeDetails(store: LogStore, some: LogRecord[]): Promise<Timing[]> {
  const times: number[] = [];
  for (const { id } of some) times.push((await timed(() => store.get(GATEWAY, id))).ms);
  const oldest = await store.list(query({ direction: 'asc', perPage: 50 }));
  for (const { id } of oldest.rows) times.push((await timed(() => store.get(GATEWAY, id))).ms);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? 0;
  return [
    { name: 'a row with its bodies, median', count: times.length, firstMs: at(0.5), againMs: null },
    { name: 'a row with its bodies, slowest', count: times.length, firstMs: at(1), againMs: null },
  ];
}

/** Last: they change what is there. */
async function timeChanges(store: LogStore, size: number, some: LogRecord[]): Promise<Timing[]> {
  const timings: Timing[] = [];
  const add = async (name: string, work: () => Promise<number>) => {
    const { ms, value } = await timed(work);
    timings.push({ name, count: value, firstMs: ms, againMs: null });
  };
  await add('50 patches of feedback', async () => {
    for (const { id } of some) await store.patch(GATEWAY, id, { feedback: 1 });
    return some.length;
  });
  const filters = [{ key: 'outcome' as const, operator: 'eq' as const, value: ['truncated'] }];
  await add('delete what was truncated', () => store.delete(query({ filters }), 20_000));
  const { totalCount } = await store.list(query({}));
  const limit = Math.max(1, totalCount - RETAINED_LESS);
  const last = some[0];
  if (last === undefined) throw new Error('nothing was stored');
  const [late] = rows(GATEWAY, 1);
  const row = { ...last, ...(late && { id: late.id }), createdAtMs: FIRST_MS + SPAN_MS };
  await add('retention takes 1,000,000 rows', async () => {
    await store.append(row, null, { limit, strategy: 'DELETE_OLDEST' });
    return Math.min(totalCount, RETAINED_LESS);
  });
  const left = await store.list(query({}));
  if (left.totalCount !== limit)
    throw new Error(`retention left ${left.totalCount} rows of ${limit}, of ${size} at first`);
  return timings;
}

async function timeAll<T>(all: Iterable<[string, T]>, run: (fields: T) => Promise<number>): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const [name, fields] of all) {
    const first = await timed(() => run(fields));
    const again = await timed(() => run(fields));
    timings.push({ name, count: first.value, firstMs: first.ms, againMs: again.ms });
  }
  return timings;
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const start = systemClock.monotonicMs();
  const value = await work();
  return { ms: systemClock.monotonicMs() - start, value };
}

async function groups(store: LogStore, fields: Partial<LogSummaryQuery>): Promise<number> {
  const defaults = { filters: [], groupBy: [], spanMs: null, withDistributions: false, limit: null };
  return (await store.summarize({ gatewayKey: GATEWAY, ...defaults, ...fields }))?.length ?? 0;
}

function query(fields: Partial<LogQuery>): LogQuery {
  const defaults = { orderBy: 'created_at', direction: 'desc', page: 1, perPage: 20, withStatistics: false } as const;
  return { gatewayKey: GATEWAY, filters: [], ...defaults, ...fields };
}

/** Resident memory now and at most, in megabytes. */
function memory(): { rss: number; peak: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
  return { rss: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}

function sizeOf(path: string): number {
  const { size } = statSync(path);
  if (!statSync(path).isDirectory()) return size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function printResults(results: Result[]): void {
  const millions = results.map((result) => `${number(result.rows)} rows`);
  table(
    ['target', 'limit', ...millions],
    TARGETS.map(([what, value, limit, isAtLeast]) => [
      what,
      `${isAtLeast ? '≥' : '≤'} ${number(limit)}`,
      ...results.map((result) => {
        const reached = isAtLeast ? value(result) >= limit : value(result) <= limit;
        return `${number(value(result))}${reached ? '' : ' (missed)'}`;
      }),
    ]),
  );
  const facts: [string, (result: Result) => number][] = [
    ['rows/s without bodies', (r) => r.ingestPerS],
    ['MB of files without bodies', (r) => r.fileBytes / 1e6],
    ['bytes a row with its two bodies of 2 KB', (r) => r.bytesPerRowWithBodies],
    ['ms to open', (r) => r.openMs],
    ['MB resident', (r) => r.rssMb],
    ['MB resident at most', (r) => r.peakRssMb],
  ];
  table(
    ['', ...millions],
    facts.map(([name, value]) => [name, ...results.map((result) => number(value(result)))]),
  );
  for (const part of ['pages', 'facets', 'summaries', 'details', 'changes'] as const) {
    const columns = results.flatMap((result) => [`of ${number(result.rows)}`, 'first ms', 'again ms']);
    const names = results[0]?.[part].map(({ name }) => name) ?? [];
    table(
      [part, ...columns],
      names.map((name, i) => [
        name.replaceAll('|', '\\|'),
        ...results.flatMap((result) => {
          const { count = 0, firstMs = 0, againMs = null } = result[part][i] ?? {};
          return [number(count), firstMs.toFixed(1), againMs?.toFixed(1) ?? ''];
        }),
      ]),
    );
  }
}

function table(head: string[], lines: string[][]): void {
  print(`| ${head.join(' | ')} |`);
  print(`| --- |${' ---: |'.repeat(head.length - 1)}`);
  for (const line of lines) print(`| ${line.join(' | ')} |`);
  print('');
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
