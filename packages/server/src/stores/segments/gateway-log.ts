import { existsSync, mkdirSync, rmSync } from 'node:fs';
import type { LogChange, LogRecord, LogRetention } from '../log-ports.ts';
import type { PackedBodies } from './bodies.ts';
import { damageIn } from './damage.ts';
import { gatewayDirectory, removeSegment, segmentNumbers, segmentPath, setAside } from './files.ts';
import type { HandleCache } from './handle-cache.ts';
import type { PlainRecord, PlainRecost } from './row-codec.ts';
import { createSegment } from './schema.ts';
import type { SegmentWriter } from './segment-writer.ts';

export interface IncomingRow {
  record: PlainRecord;
  bodies: PackedBodies | null;
  retention: LogRetention | null;
}

export interface SegmentRules {
  /** A segment takes no more rows than this. */
  segmentRows: number;
  /** Nor rows that are younger than its first by more than this, once it has a chunk's worth. */
  segmentSpanMs: number;
  /** Rows to a chunk. */
  chunkRows: number;
}

interface GatewayLogDeps {
  root: string;
  rules: SegmentRules;
  handles: HandleCache<SegmentWriter>;
  /** Told of each segment that was set aside: its new name and why. */
  onDamage(file: string, reason: string): void;
}

/** A profile is read whole when a segment is opened, so their number is bounded. */
const MOST_PROFILES = 32_768;
const MOST_BYTES = 1024 ** 3;

/**
 * All segments of one gateway, for writing. Rows go to the newest segment in the order of arrival, whenever their call
 * began; only committed rows are counted in `#segments`.
 */
export class GatewayLog {
  readonly #deps: GatewayLogDeps;
  readonly #key: string;
  readonly #directory: string;
  /** Rows by segment number, oldest first; null until first needed. */
  #segments: Map<number, number> | null = null;
  /** Numbers are not used twice while the process lives: a reader may still have the old file open. */
  #lastNumber = 0;
  /** As the last row had it. */
  #retention: LogRetention | null = null;

  constructor(gatewayKey: string, deps: GatewayLogDeps) {
    this.#deps = deps;
    this.#key = gatewayKey;
    this.#directory = gatewayDirectory(deps.root, gatewayKey);
  }

  /**
   * Stores `rows`, removing each from the front of the list when it is committed or refused by its retention, so that a
   * caller can try again with the rest after a failure. Then deletes what retention wants gone.
   */
  append(rows: IncomingRow[]): void {
    const last = rows.at(-1);
    if (last !== undefined) this.#retention = last.retention;
    while (rows.length > 0) {
      const number = this.#current(rows[0]?.record.createdAtMs ?? 0);
      rows.splice(0, this.#guarded(number, (segment) => this.#store(segment, rows)) ?? 0);
    }
    if (this.#retention?.strategy === 'DELETE_OLDEST') this.#trim(this.#retention.limit);
  }

  /** Packs chunks that have filled up. Apart from `append`, so that nobody waits for it. */
  pack(): void {
    const number = [...this.#loaded().keys()].at(-1);
    if (number === undefined) return;
    this.#guarded(number, (segment) => {
      while (segment.packIsDue) segment.transaction(() => segment.packNext());
    });
  }

  patch(id: string, change: LogChange): LogRecord | null {
    for (const number of [...this.#loaded().keys()].reverse()) {
      const patched = this.#guarded(number, (segment) => {
        const seq = segment.find(id);
        return seq === null ? null : segment.transaction(() => segment.patch(seq, change));
      });
      if (patched !== null) return patched;
    }
    return null;
  }

  /** Sets cost and bill of rows, newest segment first; ids that are nowhere are passed over. Gives how many were there. */
  recost(changes: readonly PlainRecost[]): number {
    let left = changes;
    for (const number of [...this.#loaded().keys()].reverse()) {
      if (left.length === 0) break;
      left = this.#guarded(number, (segment) => segment.transaction(() => segment.recost(left))) ?? left;
    }
    return changes.length - left.length;
  }

  /** Deletes rows of one segment by `seq`, ascending. Gives how many went. */
  erase(number: number, seqs: Float64Array): number {
    if (!this.#loaded().has(number)) return 0;
    return this.#guarded(number, (segment) => segment.transaction(() => segment.erase(seqs))) ?? 0;
  }

  /** Drops a whole segment, unless rows came after the first `rowsEver`. Gives how many rows went, or null. */
  eraseSegment(number: number, rowsEver: number): number | null {
    const rows = this.#loaded().get(number);
    if (rows === undefined) return 0;
    if (this.#guarded(number, (segment) => segment.rowsEver) !== rowsEver) return null;
    this.#drop(number);
    return rows;
  }

  /** Removes everything. */
  drop(): void {
    for (const number of [...this.#loaded().keys()]) this.#drop(number);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  setAside(number: number, reason: string): void {
    if (!this.#loaded().delete(number)) return;
    const path = this.#path(number);
    this.#deps.handles.close(path);
    if (existsSync(path)) this.#deps.onDamage(setAside(path), reason);
  }

  #store(segment: SegmentWriter, rows: IncomingRow[]): number {
    const others = this.#total() - segment.rows;
    return segment.transaction(() => {
      let taken = 0;
      for (const { record, bodies, retention } of rows) {
        if (taken > 0 && this.#isFull(segment, record.createdAtMs)) break;
        taken += 1;
        const refused = retention?.strategy === 'STOP_INSERTING' && others + segment.rows >= retention.limit;
        if (!refused) segment.insert(record, bodies);
      }
      return taken;
    });
  }

  /** The segment for the next row: the newest, or a new one. */
  #current(createdAtMs: number): number {
    const number = [...this.#loaded().keys()].at(-1);
    if (number !== undefined && existsSync(this.#path(number))) {
      const full = this.#guarded(number, (segment) => {
        const bytesFull = segment.rowsEver > 0 && segment.bytes() > MOST_BYTES;
        if (!bytesFull && !this.#isFull(segment, createdAtMs)) return false;
        segment.seal();
        return true;
      });
      if (full === false) return number;
    } else if (number !== undefined) {
      this.#forget(number);
    }
    return this.#create();
  }

  #isFull(segment: SegmentWriter, createdAtMs: number): boolean {
    const { segmentRows, segmentSpanMs, chunkRows } = this.#deps.rules;
    if (segment.isSealed || segment.rowsEver >= segmentRows || segment.profileCount >= MOST_PROFILES) return true;
    const age = createdAtMs - (segment.firstCreatedMs ?? createdAtMs);
    return age >= segmentSpanMs && segment.rowsEver >= chunkRows;
  }

  #create(): number {
    mkdirSync(this.#directory, { recursive: true });
    const number = Math.max(this.#lastNumber, ...segmentNumbers(this.#directory)) + 1;
    createSegment(this.#path(number), this.#key, this.#deps.rules.chunkRows);
    this.#lastNumber = number;
    this.#loaded().set(number, 0);
    return number;
  }

  #trim(limit: number): void {
    const segments = this.#loaded();
    for (const [number, rows] of [...segments]) {
      const excess = this.#total() - limit;
      if (excess <= 0) return;
      if (rows <= excess) this.#drop(number);
      else this.#guarded(number, (segment) => segment.transaction(() => segment.eraseOldest(excess)));
    }
  }

  /** Runs `work` on an open segment and records its rows. Null when it turned out damaged and was set aside. */
  #guarded<T>(number: number, work: (segment: SegmentWriter) => T): T | null {
    const path = this.#path(number);
    try {
      const segment = this.#deps.handles.get(path);
      const result = work(segment);
      this.#loaded().set(number, segment.rows);
      return result;
    } catch (error) {
      // What the object holds in memory may be ahead of the file now.
      this.#deps.handles.close(path);
      const reason = damageIn(error);
      if (reason !== null) {
        this.setAside(number, reason);
        return null;
      }
      if (!existsSync(path)) {
        this.#forget(number);
        return null;
      }
      throw error;
    }
  }

  #loaded(): Map<number, number> {
    if (this.#segments === null) {
      this.#segments = new Map(segmentNumbers(this.#directory).map((number) => [number, 0]));
      for (const number of [...this.#segments.keys()]) this.#guarded(number, () => {});
    }
    return this.#segments;
  }

  #total(): number {
    return [...this.#loaded().values()].reduce((sum, rows) => sum + rows, 0);
  }

  #drop(number: number): void {
    this.#forget(number);
    removeSegment(this.#path(number));
  }

  #forget(number: number): void {
    this.#deps.handles.close(this.#path(number));
    this.#loaded().delete(number);
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  #path(number: number): string {
    return segmentPath(this.#directory, number);
  }
}
