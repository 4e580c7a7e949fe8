import type { Database } from 'bun:sqlite';
import type { LogChange, LogRecord } from '../log-ports.ts';
import type { PackedBodies } from './bodies.ts';
import { type ColumnName, packChunk, unpackChunk } from './chunk.ts';
import {
  decodeEnding,
  decodeOrigin,
  decodeRow,
  encodeRow,
  idBytes,
  metadataValues,
  type PlainRecord,
  type PlainRecost,
  type ProfileKind,
  type StoredRow,
  withBill,
  withMetadataKeys,
} from './row-codec.ts';
import { BUSY_MS, INSERT_BODIES, INSERT_ROW, openSegment, ROW_COLUMNS, SELECT_ROW } from './schema.ts';
import { DamagedSegment } from './damage.ts';
import { RollupWriter } from './rollup-writer.ts';

interface Meta {
  gateway: string;
  chunk_rows: number;
  rows: number;
  next_seq: number;
  /** The first chunk that has not been packed yet. */
  next_chunk: number;
  first_created: number | null;
}

/**
 * One segment, open for writing. Every change runs inside `transaction`; after one that failed the object no longer
 * matches the file and must be closed.
 */
export class SegmentWriter {
  readonly #db: Database;
  /** Numbers of profiles by their JSON; null until needed. */
  readonly #profiles: Record<ProfileKind, Map<string, number> | null> = { origin: null, ending: null, bill: null };
  readonly #rollups: RollupWriter;
  readonly #insertRow;
  readonly #insertBodies;
  #meta: Meta;

  /** @throws DamagedSegment, SQLiteError */
  constructor(path: string) {
    this.#db = openSegment(path, 'write');
    this.#meta = this.#readMeta();
    this.#rollups = new RollupWriter(this.#db);
    this.#insertRow = this.#db.query<null, (Uint8Array | string | number | null)[]>(INSERT_ROW);
    this.#insertBodies = this.#db.query<null, (Uint8Array | number | null)[]>(INSERT_BODIES);
  }

  get rows(): number {
    return this.#meta.rows;
  }

  /** Rows ever stored here, deleted ones too. */
  get rowsEver(): number {
    return this.#meta.next_seq;
  }

  get firstCreatedMs(): number | null {
    return this.#meta.first_created;
  }

  get profileCount(): number {
    const profiles = (['origin', 'ending', 'bill'] as const).map((kind) => this.#profileNumbers(kind).size);
    return Math.max(...profiles, this.#rollups.groupCount);
  }

  bytes(): number {
    const { bytes } = this.#db
      .query<{ bytes: number }, []>('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get() ?? { bytes: 0 };
    return bytes;
  }

  transaction<T>(work: () => T): T {
    this.#db.run('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#rollups.flush();
      this.#db
        .query('UPDATE meta SET rows = ?, next_seq = ?, next_chunk = ?, first_created = ?')
        .run(this.#meta.rows, this.#meta.next_seq, this.#meta.next_chunk, this.#meta.first_created);
      this.#db.run('COMMIT');
      return result;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.inTransaction) this.#db.run('ROLLBACK');
      throw error;
    }
  }

  insert(record: PlainRecord, bodies: PackedBodies | null): void {
    const { row, profiles } = encodeRow(record);
    const seq = this.#meta.next_seq;
    const origin = this.#profileId('origin', profiles.origin);
    const ending = this.#profileId('ending', profiles.ending);
    const bill = this.#profileId('bill', profiles.bill);
    const stored: StoredRow = { ...row, origin, ending, bill };
    this.#insertRow.run(seq, ...ROW_COLUMNS.map((column) => stored[column]));
    this.#rollups.adjust(stored, 1);
    if (bodies !== null) this.#insertBodies.run(seq, bodies.request, bodies.response, bodies.responseText);
    this.#meta.first_created ??= record.createdAtMs;
    this.#meta.next_seq += 1;
    this.#meta.rows += 1;
  }

  find(id: string): number | null {
    const bytes = idBytes(id);
    if (bytes === null) return null;
    return this.#db.query<{ seq: number }, [Uint8Array]>('SELECT seq FROM rows WHERE id = ?').get(bytes)?.seq ?? null;
  }

  patch(seq: number, change: LogChange): LogRecord {
    const touched: ColumnName[] = [];
    if (change.feedback !== undefined) {
      this.#db.query('UPDATE rows SET feedback = ? WHERE seq = ?').run(change.feedback, seq);
      touched.push('feedback');
    }
    if (change.score !== undefined) this.#db.query('UPDATE rows SET score = ? WHERE seq = ?').run(change.score, seq);
    if (change.metadata !== undefined) {
      const keys = change.metadata === null ? null : Object.keys(change.metadata);
      const origin = this.#profileId('origin', withMetadataKeys(this.#profileOf('origin', seq), keys));
      this.#db
        .query('UPDATE rows SET metadata = ?, origin = ? WHERE seq = ?')
        .run(metadataValues(change.metadata), origin, seq);
      touched.push('metadata', 'origin');
    }
    const chunk = Math.floor(seq / this.#meta.chunk_rows);
    if (touched.length > 0 && this.#isPacked(chunk)) packChunk(this.#db, chunk, this.#meta.chunk_rows, touched);
    return this.#read(seq);
  }

  /** Sets cost and bill of the rows that are here; gives the ids of those that are not. */
  recost(changes: readonly PlainRecost[]): PlainRecost[] {
    const elsewhere: PlainRecost[] = [];
    const chunks = new Set<number>();
    for (const change of changes) {
      const seq = this.find(change.id);
      if (seq === null) elsewhere.push(change);
      else {
        this.#setCost(seq, change);
        chunks.add(Math.floor(seq / this.#meta.chunk_rows));
      }
    }
    for (const chunk of chunks) {
      if (this.#isPacked(chunk)) packChunk(this.#db, chunk, this.#meta.chunk_rows, ['cost']);
    }
    return elsewhere;
  }

  #setCost(seq: number, { costPico, bill }: PlainRecost): void {
    const row = this.#db
      .query<{ bill_numbers: string | null }, [number]>('SELECT bill_numbers FROM rows WHERE seq = ?')
      .get(seq);
    const { form, numbers } = withBill(this.#profileOf('bill', seq), row?.bill_numbers ?? null, bill);
    this.#rollups.remove(seq);
    this.#db
      .query('UPDATE rows SET cost = CAST(? AS INTEGER), bill = ?, bill_numbers = ? WHERE seq = ?')
      .run(costPico, this.#profileId('bill', form), numbers, seq);
    this.#rollups.add(seq);
  }

  /** Deletes rows by `seq`, ascending, and gives how many were there. */
  erase(seqs: Iterable<number>): number {
    let erased = 0;
    const chunks = new Set<number>();
    for (const seq of seqs) {
      this.#rollups.remove(seq);
      if (this.#db.query('DELETE FROM rows WHERE seq = ?').run(seq).changes === 0) continue;
      this.#db.query('DELETE FROM bodies WHERE seq = ?').run(seq);
      erased += 1;
      chunks.add(Math.floor(seq / this.#meta.chunk_rows));
    }
    for (const chunk of chunks) {
      if (this.#isPacked(chunk)) packChunk(this.#db, chunk, this.#meta.chunk_rows);
    }
    this.#meta.rows -= erased;
    return erased;
  }

  /** Deletes the `count` rows stored first. The chunk that is cut into goes back to plain rows: it will be cut again. */
  eraseOldest(count: number): void {
    const end = this.#db
      .query<{ seq: number }, [number]>('SELECT seq FROM rows ORDER BY seq LIMIT 1 OFFSET ?')
      .get(count)?.seq;
    const before = end ?? this.#meta.next_seq;
    const from = this.#db.query<{ seq: number }, []>('SELECT min(seq) AS seq FROM rows').get()?.seq ?? before;
    const { chunk_rows } = this.#meta;
    for (let chunk = Math.floor(from / chunk_rows); chunk * chunk_rows < before; chunk++) unpackChunk(this.#db, chunk);
    this.#rollups.removeBefore(before);
    this.#db.query('DELETE FROM bodies WHERE seq < ?').run(before);
    this.#meta.rows -= this.#db.query('DELETE FROM rows WHERE seq < ?').run(before).changes;
  }

  /** Whether a chunk is full and not packed. */
  get packIsDue(): boolean {
    return (this.#meta.next_chunk + 1) * this.#meta.chunk_rows <= this.#meta.next_seq;
  }

  /** Packs the next chunk, be it full or not. */
  packNext(): void {
    packChunk(this.#db, this.#meta.next_chunk, this.#meta.chunk_rows);
    this.#meta.next_chunk += 1;
    this.#rollups.fold();
  }

  /** Whether it may take no more rows: a chunk that is not full has been packed. */
  get isSealed(): boolean {
    return this.#meta.next_chunk * this.#meta.chunk_rows > this.#meta.next_seq;
  }

  /** Ends the segment: packs the rest, and empties the WAL unless a reader is at it. */
  seal(): void {
    while (this.#meta.next_chunk * this.#meta.chunk_rows < this.#meta.next_seq) this.transaction(() => this.packNext());
    this.#db.run('PRAGMA busy_timeout = 0');
    this.#db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
  }

  close(): void {
    this.#db.close();
  }

  #readMeta(): Meta {
    const meta = this.#db.query<Meta, []>('SELECT * FROM meta').get();
    if (meta === null) throw new DamagedSegment('no meta row');
    return meta;
  }

  #profileId(kind: ProfileKind, fields: string): number {
    const profiles = this.#profileNumbers(kind);
    const known = profiles.get(fields);
    if (known !== undefined) return known;
    const n = profiles.size;
    this.#db.query(`INSERT INTO ${kind} VALUES (?, ?)`).run(n, fields);
    profiles.set(fields, n);
    return n;
  }

  #profileNumbers(kind: ProfileKind): Map<string, number> {
    const known = this.#profiles[kind];
    if (known !== null) return known;
    const numbers = new Map<string, number>();
    const stored = this.#db.query<{ n: number; fields: string }, []>(`SELECT n, fields FROM ${kind}`);
    for (const { n, fields } of stored.iterate()) numbers.set(fields, n);
    this.#profiles[kind] = numbers;
    return numbers;
  }

  #profileOf(kind: ProfileKind, seq: number): string {
    const sql = `SELECT fields FROM ${kind} WHERE n = (SELECT ${kind} FROM rows WHERE seq = ?)`;
    const found = this.#db.query<{ fields: string }, [number]>(sql).get(seq);
    if (found === null) throw new DamagedSegment(`a row without its ${kind}`);
    return found.fields;
  }

  #read(seq: number): LogRecord {
    const row = this.#db.query<StoredRow, [number]>(SELECT_ROW).get(seq);
    if (row === null) throw new DamagedSegment('an indexed row is missing');
    const origin = decodeOrigin(this.#profileOf('origin', seq));
    const ending = decodeEnding(this.#profileOf('ending', seq));
    return decodeRow(row, { origin, ending, bill: this.#profileOf('bill', seq), gatewayKey: this.#meta.gateway });
  }

  #isPacked(chunk: number): boolean {
    return this.#db.query('SELECT 1 FROM chunks WHERE chunk = ?').get(chunk) !== null;
  }
}
