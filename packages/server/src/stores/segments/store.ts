import type { Clock } from '../../lib/index.ts';
import type {
  LogBodies,
  LogChange,
  LogPage,
  LogQuery,
  LogRecord,
  LogRecost,
  LogRetention,
  LogSelection,
  LogStore,
  LogStoreHealth,
  LogSummary,
  LogSummaryQuery,
  StoredLog,
} from '../log-ports.ts';
import { Batch, bodyBytes } from './batch.ts';
import type { Read, ReaderNews, ReaderOps, SelectedRows, WriterNews, WriterOps } from './protocol.ts';
import { isUuid } from './row-codec.ts';
import { WorkerLink } from '../worker-link.ts';

export interface SegmentLogOptions {
  /** Made when missing. No other process may use it at the same time. */
  directory: string;
  clock: Clock;
  /** Most rows to a segment; default 262,144. */
  segmentRows?: number;
  /** Longest time from the first to the last row of a segment in milliseconds; default one day. */
  segmentSpanMs?: number;
  /** Bytes of rows not yet committed beyond which bodies are dropped (rows beyond four times as much); default 64 MiB. */
  maxQueueBytes?: number;
  /** Told in one line of each damaged segment and of each failure to write. */
  onProblem?: (line: string) => void;
}

/** How long a row may wait for others, so that they share a transaction. */
const GATHER_MS = 10;
/** A batch of so many rows or bytes is sent at once. */
const BATCH_ROWS = 1000;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Batches on their way; what comes meanwhile gathers, so that a busy writer gets larger ones. */
const MOST_ON_THE_WAY = 2;
/** Rows deleted or changed in one transaction, between which the writer can take new rows. */
const ROWS_AT_ONCE = 4096;
/** How often a query is repeated because a damaged segment had to be set aside. */
const MOST_DAMAGE = 1000;

/**
 * Opens the log engine: SQLite segments by gateway under `directory`, written by one thread and read by another.
 * Damaged segments are moved aside and reported. Rejects when the directory can't be made or read.
 */
export async function openSegmentLogStore(options: SegmentLogOptions): Promise<LogStore> {
  const store = new SegmentLogStore(options);
  try {
    await store.open(options);
    return store;
  } catch (error) {
    store.terminate();
    throw error;
  }
}

class SegmentLogStore implements LogStore {
  readonly #clock: Clock;
  readonly #maxQueueBytes: number;
  readonly #onProblem: (line: string) => void;
  readonly #writer: WorkerLink<WriterOps, WriterNews>;
  readonly #reader: WorkerLink<ReaderOps, ReaderNews>;
  readonly #health: LogStoreHealth = {
    queuedRows: 0,
    queuedBytes: 0,
    droppedRows: 0,
    droppedBodies: 0,
    damagedSegments: [],
    lastError: null,
  };
  #gathering = new Batch();
  #stopTimer: (() => void) | null = null;
  /** Batches sent and not yet answered, oldest first. */
  readonly #onTheWay = new Set<Batch>();
  #closed = false;

  constructor({ clock, maxQueueBytes = 64 * 1024 * 1024, onProblem = () => {} }: SegmentLogOptions) {
    this.#clock = clock;
    this.#maxQueueBytes = maxQueueBytes;
    this.#onProblem = onProblem;
    this.#writer = new WorkerLink(new URL('./writer.ts', import.meta.url), (news) => this.#hear(news));
    this.#reader = new WorkerLink(new URL('./reader.ts', import.meta.url), ({ gatewayKey, id, reason }) => {
      onProblem(`bodies of log ${id} of gateway ${gatewayKey} are lost: ${reason}`);
    });
  }

  async open({ directory, segmentRows = 262_144, segmentSpanMs = 86_400_000 }: SegmentLogOptions): Promise<void> {
    const root = directory;
    await Promise.all([
      this.#writer.ask('open', { root, segmentRows, segmentSpanMs }),
      this.#reader.ask('open', { root }),
    ]);
  }

  append(record: LogRecord, bodies: LogBodies | null, retention: LogRetention | null): Promise<void> {
    const health = this.#health;
    const isNamed = isUuid(record.id);
    if (!isNamed) this.#onProblem(`a log row was refused: its id ${record.id} is no UUID`);
    if (this.#closed || !isNamed || health.queuedBytes > 4 * this.#maxQueueBytes) {
      health.droppedRows += 1;
      return Promise.resolve();
    }
    const batch = this.#gathering;
    const before = batch.bytes;
    const size = bodyBytes(bodies);
    if (size > 0 && health.queuedBytes + size > this.#maxQueueBytes) {
      health.droppedBodies += 1;
      batch.add({ ...record, payloadDropped: true }, null, retention);
    } else {
      batch.add(record, bodies, retention);
    }
    health.queuedRows += 1;
    health.queuedBytes += batch.bytes - before;
    if (batch.rows >= BATCH_ROWS || batch.bytes >= BATCH_BYTES) this.#send();
    else this.#stopTimer ??= this.#clock.after(GATHER_MS, () => this.#send());
    return batch.done;
  }

  list(query: LogQuery): Promise<LogPage> {
    return this.#read(query.gatewayKey, () => this.#reader.ask('list', query));
  }

  summarize(query: LogSummaryQuery): Promise<LogSummary[] | null> {
    return this.#read(query.gatewayKey, () => this.#reader.ask('summarize', query));
  }

  get(gatewayKey: string, id: string): Promise<StoredLog | null> {
    return this.#read(gatewayKey, () => this.#reader.ask('get', { gatewayKey, id }));
  }

  async patch(gatewayKey: string, id: string, change: LogChange): Promise<LogRecord | null> {
    // The writer takes one thing after the other, so rows that wait must be sent first.
    this.#send(true);
    return this.#writer.ask('patch', { gatewayKey, id, change });
  }

  async recost(gatewayKey: string, changes: readonly LogRecost[]): Promise<number> {
    this.#send(true);
    let found = 0;
    for (let from = 0; from < changes.length; from += ROWS_AT_ONCE) {
      const slice = changes.slice(from, from + ROWS_AT_ONCE);
      const plain = slice.map((change) => ({ ...change, costPico: change.costPico?.toString() ?? null }));
      found += await this.#writer.ask('recost', { gatewayKey, changes: plain });
    }
    return found;
  }

  async delete(selection: LogSelection, limit?: number): Promise<number> {
    await this.flush();
    const ask = { selection, limit: limit ?? null };
    const selected = await this.#read(selection.gatewayKey, () => this.#reader.ask('collect', ask));
    let erased = 0;
    for (const rows of selected) erased += await this.#erase(selection.gatewayKey, rows);
    return erased;
  }

  async dropGateway(gatewayKey: string): Promise<void> {
    this.#send(true);
    await this.#writer.ask('drop', { gatewayKey });
  }

  health(): LogStoreHealth {
    return { ...this.#health, damagedSegments: [...this.#health.damagedSegments] };
  }

  async flush(): Promise<void> {
    this.#send(true);
    await Promise.all([...this.#onTheWay].map((batch) => batch.done));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    await Promise.allSettled([this.#writer.ask('close', null), this.#reader.ask('close', null)]);
    this.terminate();
  }

  terminate(): void {
    this.#stopTimer?.();
    this.#writer.terminate();
    this.#reader.terminate();
  }

  #send(evenIfBusy = false): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    const batch = this.#gathering;
    if (batch.rows === 0 || (this.#onTheWay.size >= MOST_ON_THE_WAY && !evenIfBusy)) return;
    this.#gathering = new Batch();
    this.#onTheWay.add(batch);
    const { ask, transfer } = batch.toSend();
    this.#writer
      .ask('append', ask, transfer)
      .then(({ droppedRows }) => {
        this.#health.droppedRows += droppedRows;
      })
      .catch((error: Error) => {
        this.#health.droppedRows += batch.rows;
        this.#hear({ news: 'trouble', error: error.message });
      })
      .finally(() => {
        this.#onTheWay.delete(batch);
        this.#health.queuedRows -= batch.rows;
        this.#health.queuedBytes -= batch.bytes;
        batch.finish();
        this.#send();
      });
  }

  async #read<T>(gatewayKey: string, ask: () => Promise<Read<T>>): Promise<T> {
    for (let i = 0; i < MOST_DAMAGE; i++) {
      const answer = await ask();
      if ('result' in answer) return answer.result;
      await this.#writer.ask('setAside', { gatewayKey, ...answer.damaged });
    }
    throw new Error('the logs of this gateway are damaged beyond reading');
  }

  async #erase(gatewayKey: string, { segment, seqs, wholeAt }: SelectedRows): Promise<number> {
    if (wholeAt !== null) {
      const erased = await this.#writer.ask('eraseSegment', { gatewayKey, segment, rowsEver: wholeAt });
      if (erased !== null) return erased;
    }
    let erased = 0;
    for (let from = 0; from < seqs.length; from += ROWS_AT_ONCE) {
      const slice = seqs.slice(from, from + ROWS_AT_ONCE);
      erased += await this.#writer.ask('erase', { gatewayKey, segment, seqs: slice });
    }
    return erased;
  }

  #hear(news: WriterNews): void {
    if (news.news === 'recovered') {
      this.#health.lastError = null;
    } else if (news.news === 'damage') {
      const { file, reason } = news;
      this.#health.damagedSegments.push({ file, reason });
      this.#onProblem(`log segment set aside: ${file}: ${reason}`);
    } else {
      this.#health.lastError = news.error;
      this.#onProblem(`logs could not be written: ${news.error}`);
    }
  }
}
