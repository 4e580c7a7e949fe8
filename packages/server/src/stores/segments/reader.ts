/** The reader's thread: answers queries from the committed state of the segments, whatever the writer is doing. */
import { existsSync } from 'node:fs';
import type {
  LogPage,
  LogQuery,
  LogRecord,
  LogSelection,
  LogSummary,
  LogSummaryQuery,
  StoredLog,
} from '../log-ports.ts';
import { damageIn } from './damage.ts';
import { gatewayDirectory, segmentNumbers, segmentPath } from './files.ts';
import { HandleCache } from './handle-cache.ts';
import type { Read, ReaderNews, ReaderOps, SelectedRows } from './protocol.ts';
import { Scan, type Sink, topSink } from './scan.ts';
import { rollupPlan } from './rollup-plan.ts';
import { type Scanned, SegmentReader } from './segment-reader.ts';
import { Statistics } from './statistics.ts';
import { Summary, TooManySummaries } from './summary.ts';
import { TopRows } from './top-rows.ts';
import { serve } from '../worker-link.ts';

declare const self: Worker;

const OPEN_FILES = 128;

const handles = new HandleCache(OPEN_FILES, (path) => new SegmentReader(path));
let root = '';

const tell = serve<ReaderOps, ReaderNews>(self, {
  open: (ask) => {
    root = ask.root;
    return null;
  },
  list: (query) => reading(() => list(query)),
  summarize: (query) => reading(() => summarize(query)),
  get: ({ gatewayKey, id }) => reading(() => get(gatewayKey, id)),
  collect: ({ selection, limit }) => reading(() => collect(selection, limit)),
  close: () => {
    handles.closeAll();
    return null;
  },
});

function list(query: LogQuery): LogPage {
  const top = new TopRows(query.page * query.perPage, query.direction);
  const statistics = query.withStatistics ? new Statistics() : null;
  const intoTop = topSink(query, top);
  const totalCount = scanAll(query, (found) => {
    intoTop(found);
    statistics?.sink(found);
  });
  const rows: LogRecord[] = [];
  for (const { segment, seq } of top.rows().slice((query.page - 1) * query.perPage)) {
    // Retention may have taken the row since.
    const record = inSegment(query.gatewayKey, segment, (reader) => reader.record(seq, query.gatewayKey));
    if (record !== null) rows.push(record);
  }
  return { rows, totalCount, statistics: statistics?.result() ?? null };
}

function summarize(query: LogSummaryQuery): LogSummary[] | null {
  const { gatewayKey, filters } = query;
  const summary = new Summary(query);
  const plan = rollupPlan(query);
  const scan = new Scan({ gatewayKey, filters, orderBy: 'created_at', direction: 'asc' }, plan?.rest ?? null);
  try {
    for (const segment of segmentsOf(gatewayKey)) {
      inSegment(gatewayKey, segment, (reader) =>
        reader.snapshot((view) => {
          if (plan !== null) view.addRollups(plan, summary);
          if (plan === null || view.hasRest(plan)) scan.segment(segment, view.scanned(), summary.sink);
        }),
      );
    }
    return summary.result();
  } catch (error) {
    if (error instanceof TooManySummaries) return null;
    throw error;
  }
}

function get(gatewayKey: string, id: string): StoredLog | null {
  for (const segment of segmentsOf(gatewayKey).reverse()) {
    const found = inSegment(gatewayKey, segment, (reader) =>
      reader.find(id, gatewayKey, (reason) => tell({ news: 'badBodies', gatewayKey, id, reason })),
    );
    if (found !== null) return found;
  }
  return null;
}

function collect(selection: LogSelection, limit: number | null): SelectedRows[] {
  const rowsEver = new Map<number, number>();
  const stored = new Map<number, number>();
  const selected = new Map<number, number[]>();
  const add = (segment: number, seq: number) => {
    const list = selected.get(segment) ?? [];
    selected.set(segment, list);
    list.push(seq);
  };
  const top = limit === null ? null : new TopRows(limit, selection.direction);
  const sink: Sink = top === null ? everyRow(add) : topSink(selection, top);
  scanAll(selection, sink, (segment, { chunks }, ever) => {
    rowsEver.set(segment, ever);
    stored.set(
      segment,
      chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
    );
  });
  for (const { segment, seq } of top?.rows() ?? []) add(segment, seq);
  return Array.from(selected, ([segment, seqs]) => ({
    segment,
    seqs: Float64Array.from(seqs).sort(),
    wholeAt: seqs.length === stored.get(segment) ? (rowsEver.get(segment) ?? null) : null,
  }));
}

function everyRow(add: (segment: number, seq: number) => void): Sink {
  return ({ chunk, mask, segment }) => {
    const seqs = chunk.numbers('seq');
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1) add(segment, seqs[i] ?? 0);
  };
}

function scanAll(
  selection: LogSelection,
  sink: Sink,
  onSegment: (segment: number, scanned: Scanned, rowsEver: number) => void = () => {},
): number {
  const scan = new Scan(selection);
  const segments = segmentsOf(selection.gatewayKey);
  let total = 0;
  for (const segment of selection.direction === 'desc' ? segments.reverse() : segments) {
    const count = inSegment(selection.gatewayKey, segment, (reader) =>
      reader.snapshot((view) => {
        const scanned = view.scanned();
        onSegment(segment, scanned, view.rowsEver());
        return scan.segment(segment, scanned, sink);
      }),
    );
    total += count ?? 0;
  }
  return total;
}

/** Segments as they are now, oldest first; handles of those that are gone are closed. */
function segmentsOf(gatewayKey: string): number[] {
  const directory = gatewayDirectory(root, gatewayKey);
  const numbers = segmentNumbers(directory);
  handles.closeExcept(directory, new Set(numbers.map((number) => segmentPath(directory, number))));
  return numbers;
}

class DamageFound extends Error {
  constructor(
    readonly segment: number,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** Null when the segment is gone. */
function inSegment<T>(gatewayKey: string, segment: number, work: (reader: SegmentReader) => T): T | null {
  const path = segmentPath(gatewayDirectory(root, gatewayKey), segment);
  try {
    return work(handles.get(path));
  } catch (error) {
    handles.close(path);
    const reason = damageIn(error);
    if (reason !== null) throw new DamageFound(segment, reason);
    if (!existsSync(path)) return null;
    throw error;
  }
}

function reading<T>(read: () => T): Read<T> {
  try {
    return { result: read() };
  } catch (error) {
    if (error instanceof DamageFound) return { damaged: { segment: error.segment, reason: error.reason } };
    throw error;
  }
}
