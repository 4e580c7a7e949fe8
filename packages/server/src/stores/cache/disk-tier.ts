import type { Clock } from '../../lib/index.ts';
import type { CachedAnswer } from '../cache-ports.ts';
import { WorkerLink } from '../worker-link.ts';
import { entryBytes } from './memory-tier.ts';
import { type Change, type LossNews, type DiskOps, fingerprint, isSelected, type Selection } from './protocol.ts';

export interface DiskTierOptions {
  file: string;
  maxBytes: number;
  clock: Clock;
  onProblem: (line: string) => void;
}

/** How long an entry may wait for others, so that they share a transaction. */
const GATHER_MS = 50;
/** A batch of so many bytes is sent at once. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Entries that wait beyond this are not written. They are held in memory meanwhile. */
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;
/** How often expired entries are removed and uses noted. */
const TEND_MS = 60_000;
const MAX_NOTED_USES = 65_536;

/**
 * The main thread's end of the disk tier. It knows by fingerprint which entries the file holds, so that only questions
 * with an answer reach the other thread, and answers from what waits to be written.
 */
export class DiskTier {
  readonly #options: DiskTierOptions;
  readonly #link: WorkerLink<DiskOps, LossNews>;
  #known = new Set<number>();
  #bytes = 0;
  /** Oldest first. */
  readonly #queue = new Map<string, CachedAnswer>();
  #queuedBytes = 0;
  /** The batch that is being written, and its end; null when none is. */
  #onTheWay = new Map<string, CachedAnswer>();
  #sending: Promise<void> | null = null;
  #uses = new Map<string, number>();
  #stopGathering: (() => void) | null = null;
  #stopTending: () => void = () => {};
  #lastError: string | null = null;
  #droppedWrites = 0;

  constructor(options: DiskTierOptions) {
    this.#options = options;
    this.#link = new WorkerLink(new URL('./disk-worker.ts', import.meta.url), ({ line }) => {
      this.#known.clear();
      this.#bytes = 0;
      options.onProblem(`the answer cache ${line}`);
    });
  }

  get size(): number {
    return this.#known.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get droppedWrites(): number {
    return this.#droppedWrites;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Rejects when the file can't be made or opened. */
  async open(): Promise<void> {
    const { file, maxBytes } = this.#options;
    try {
      const { fingerprints, bytes } = await this.#link.ask('open', { file, maxBytes });
      this.#known = new Set(fingerprints);
      this.#bytes = bytes;
      this.#tendLater();
    } catch (error) {
      this.#link.terminate();
      throw error;
    }
  }

  /** What is not in the file yet. */
  queued(key: string): CachedAnswer | null {
    return this.#queue.get(key) ?? this.#onTheWay.get(key) ?? null;
  }

  /** False: the file holds no such entry. */
  mayHold(key: string): boolean {
    return this.#known.has(fingerprint(key));
  }

  async read(key: string, nowMs: number): Promise<CachedAnswer | null> {
    try {
      return await this.#link.ask('read', { key, nowMs });
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  put(key: string, answer: CachedAnswer): void {
    const bytes = entryBytes(answer);
    if (bytes > this.#options.maxBytes) return;
    const waiting = this.#queue.get(key);
    if (waiting !== undefined) this.#unqueue(key, waiting);
    if (this.#queuedBytes + bytes > MAX_QUEUE_BYTES) {
      this.#droppedWrites += 1;
      return;
    }
    this.#queue.set(key, answer);
    this.#queuedBytes += bytes;
    if (this.#queuedBytes >= BATCH_BYTES) this.#send();
    else this.#stopGathering ??= this.#options.clock.after(GATHER_MS, () => this.#send());
  }

  /** The entry was served from memory: its use is noted in the file later. */
  used(key: string, nowMs: number): void {
    if (this.#uses.size < MAX_NOTED_USES || this.#uses.has(key)) this.#uses.set(key, nowMs);
  }

  /** Forgets selected entries that wait to be written, and gives their keys. */
  unqueue(selection: Selection): string[] {
    const selected = [...this.#queue].filter(([, answer]) => isSelected(answer, selection));
    for (const [key, answer] of selected) this.#unqueue(key, answer);
    return selected.map(([key]) => key);
  }

  /** Fingerprints of what was removed from the file; a batch on its way is written before, and counts. */
  async purge(selection: Selection): Promise<ReadonlySet<number>> {
    try {
      const change = await this.#link.ask('purge', selection);
      this.#apply(change);
      return new Set(change.gone);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Resolves when everything queued is written or given up. */
  async close(): Promise<void> {
    this.#stopTending();
    while (this.#queue.size > 0 || this.#sending !== null) {
      this.#send();
      await this.#sending;
    }
    await this.#tend();
    await Promise.allSettled([this.#link.ask('close', null)]);
    this.#link.terminate();
  }

  #send(): void {
    this.#stopGathering?.();
    this.#stopGathering = null;
    if (this.#sending !== null || this.#queue.size === 0) return;
    this.#onTheWay = this.#takeBatch();
    this.#sending = this.#write([...this.#onTheWay]).then(() => {
      this.#sending = null;
      this.#onTheWay = new Map();
      if (this.#queue.size > 0) this.#send();
    });
  }

  #takeBatch(): Map<string, CachedAnswer> {
    const batch = new Map<string, CachedAnswer>();
    const before = this.#queuedBytes;
    for (const [key, answer] of this.#queue) {
      if (before - this.#queuedBytes >= BATCH_BYTES) break;
      this.#unqueue(key, answer);
      batch.set(key, answer);
    }
    return batch;
  }

  async #write(batch: [key: string, answer: CachedAnswer][]): Promise<void> {
    const arena = new Uint8Array(batch.reduce((sum, [, { body }]) => sum + body.byteLength, 0));
    let start = 0;
    const entries = batch.map(([key, { body, ...head }]) => {
      arena.set(body, start);
      start += body.byteLength;
      return { key, bodyBytes: body.byteLength, ...head };
    });
    try {
      const change = await this.#link.ask('write', { entries: JSON.stringify(entries), arena }, [arena.buffer]);
      for (const [key] of batch) this.#known.add(fingerprint(key));
      this.#apply(change);
      this.#lastError = null;
    } catch (error) {
      this.#droppedWrites += batch.length;
      this.#failed(error);
    }
  }

  #tendLater(): void {
    this.#stopTending = this.#options.clock.after(TEND_MS, () => {
      this.#tendLater();
      void this.#tend();
    });
  }

  async #tend(): Promise<void> {
    const uses = [...this.#uses];
    this.#uses = new Map();
    try {
      this.#apply(await this.#link.ask('tend', { uses, nowMs: this.#options.clock.nowMs() }));
    } catch (error) {
      this.#failed(error);
    }
  }

  #apply({ gone, bytes }: Change): void {
    for (const print of gone) this.#known.delete(print);
    this.#bytes = bytes;
  }

  #unqueue(key: string, answer: CachedAnswer): void {
    this.#queue.delete(key);
    this.#queuedBytes -= entryBytes(answer);
  }

  /** One line for each kind of trouble, until writing works again. */
  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#lastError) this.#options.onProblem(`the answer cache cannot use its file: ${message}`);
    this.#lastError = message;
  }
}
