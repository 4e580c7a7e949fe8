import type { Database } from 'bun:sqlite';
import {
  decodeIds,
  decodeNumbers,
  decodeTexts,
  encodeIds,
  encodeNumbers,
  encodeTexts,
  type NumberColumn,
  type TextColumn,
  textsOf,
} from './columns.ts';
import { trusting } from './damage.ts';

const TOTAL =
  'CASE WHEN tokens_in IS NULL AND tokens_out IS NULL THEN NULL ELSE ifnull(tokens_in, 0) + ifnull(tokens_out, 0) END';

/** Where each column comes from in the table `rows`. The order is part of the file format: add at the end only. */
const COLUMNS = {
  seq: 'seq',
  id: 'id',
  created: 'created',
  origin: 'origin',
  ending: 'ending',
  duration: 'duration',
  tokensIn: 'tokens_in',
  tokensOut: 'tokens_out',
  tokens: TOTAL,
  // A double holds costs up to $9,007 to the pico-dollar; the row keeps all 64 bits.
  cost: 'CAST(cost AS REAL)',
  feedback: 'feedback',
  event: 'event',
  metadata: 'metadata',
  latency: 'latency',
  cacheRead: 'cache_read',
  cacheWrite: 'cache_write',
  reasoning: 'reasoning',
  saved: 'CAST(saved AS REAL)',
} as const;
export type ColumnName = keyof typeof COLUMNS;
export type NumberName = Exclude<ColumnName, 'id' | 'event' | 'metadata'>;
type TextName = 'event' | 'metadata';

const NAMES = Object.keys(COLUMNS) as ColumnName[];
const COLUMN_SPACE = 32;

/** Smallest and largest value of a column in a chunk and whether one is missing; both null when all are. */
export interface Zone {
  min: number | null;
  max: number | null;
  missing: boolean;
}
type Zones = Partial<Record<ColumnName, Zone>>;

/** One range of rows, whose columns are read when they are asked for. Valid within one read transaction. */
export interface Chunk {
  readonly rows: number;
  /** Of `id` the front 48 bits. Null for a chunk that is not packed. */
  zone(name: NumberName | 'id'): Zone | null;
  numbers(name: NumberName): NumberColumn;
  texts(name: TextName): TextColumn;
  /** 16 bytes for each row. */
  ids(): Uint8Array;
}

/** Every chunk that has rows, oldest first. */
export function chunksOf(db: Database): Chunk[] {
  const meta = db.query<{ chunk_rows: number; next_seq: number }, []>('SELECT chunk_rows, next_seq FROM meta').get();
  const { chunk_rows: size = 1, next_seq: nextSeq = 0 } = meta ?? {};
  const packed = new Map<number, Chunk>();
  const entries = db.query<{ chunk: number; rows: number; zones: string }, []>('SELECT chunk, rows, zones FROM chunks');
  for (const { chunk, rows, zones } of entries.iterate()) packed.set(chunk, packedChunk(db, chunk, rows, zones));
  const firstSeq = db.query<{ seq: number | null }, []>('SELECT min(seq) AS seq FROM rows').get()?.seq ?? nextSeq;
  const chunks: Chunk[] = [];
  for (let n = Math.floor(firstSeq / size); n * size < nextSeq; n++) {
    const chunk = packed.get(n) ?? looseChunk(db, n * size, (n + 1) * size);
    if (chunk.rows > 0) chunks.push(chunk);
  }
  return chunks;
}

/** Writes the columns of one chunk anew, all or the named ones, or forgets the chunk when no row is left in it. */
export function packChunk(db: Database, n: number, chunkRows: number, only: readonly ColumnName[] = NAMES): void {
  const columns = only.map((name) => COLUMNS[name]).join(', ');
  // One pass over the rows for all columns.
  const found = db
    .query<null, [number, number]>(`SELECT ${columns} FROM rows WHERE seq >= ? AND seq < ? ORDER BY seq`)
    .values(n * chunkRows, (n + 1) * chunkRows);
  if (found.length === 0) {
    unpackChunk(db, n);
    return;
  }
  const old = db.query<{ zones: string }, [number]>('SELECT zones FROM chunks WHERE chunk = ?').get(n);
  const zones: Zones = old === null ? {} : JSON.parse(old.zones);
  const put = db.query('INSERT OR REPLACE INTO columns (key, data) VALUES (?, ?)');
  only.forEach((name, at) => {
    const { data, zone } = packColumn(name, (row) => row[at], found);
    put.run(columnKey(n, name), data);
    if (zone !== null) zones[name] = zone;
  });
  db.query('INSERT OR REPLACE INTO chunks (chunk, rows, zones) VALUES (?, ?, ?)').run(
    n,
    found.length,
    JSON.stringify(zones),
  );
}

type Row = readonly unknown[];

function packColumn(
  name: ColumnName,
  pick: (row: Row) => unknown,
  rows: readonly Row[],
): { data: Uint8Array; zone: Zone | null } {
  if (name === 'id') {
    const ids = idsOf(rows, pick);
    return { data: encodeIds(ids), zone: zoneOf(idFronts(ids)) };
  }
  if (name === 'event' || name === 'metadata') {
    return { data: encodeTexts(listTexts(name, rows, pick)), zone: null };
  }
  const numbers = numbersOf(rows, pick);
  return { data: encodeNumbers(numbers), zone: zoneOf(numbers) };
}

function numbersOf(rows: readonly Row[], pick: (row: Row) => unknown): NumberColumn {
  const numbers = new Float64Array(rows.length);
  rows.forEach((row, i) => {
    const value = pick(row);
    numbers[i] = typeof value === 'number' ? value : Number.NaN;
  });
  return numbers;
}

function idsOf(rows: readonly Row[], pick: (row: Row) => unknown): Uint8Array {
  const ids = new Uint8Array(rows.length * 16);
  rows.forEach((row, i) => {
    const id = pick(row);
    if (id instanceof Uint8Array) ids.set(id, i * 16);
  });
  return ids;
}

/** From now on the chunk is read from its rows. */
export function unpackChunk(db: Database, n: number): void {
  db.query('DELETE FROM chunks WHERE chunk = ?').run(n);
  db.query('DELETE FROM columns WHERE key >= ? AND key < ?').run(n * COLUMN_SPACE, (n + 1) * COLUMN_SPACE);
}

function packedChunk(db: Database, n: number, rows: number, zonesText: string): Chunk {
  const zones = trusting('a chunk', () => JSON.parse(zonesText) as Zones);
  const read = <T>(name: ColumnName, decode: (data: Uint8Array) => T): T => {
    const found = db
      .query<{ data: Uint8Array }, [number]>('SELECT data FROM columns WHERE key = ?')
      .get(columnKey(n, name));
    return trusting(`column ${name}`, () => decode(found?.data ?? new Uint8Array(0)));
  };
  return {
    rows,
    zone: (name) => zones[name] ?? null,
    numbers: (name) => read(name, decodeNumbers),
    texts: (name) => read(name, decodeTexts),
    ids: () => read('id', decodeIds),
  };
}

function looseChunk(db: Database, from: number, to: number): Chunk {
  const values = (name: ColumnName) =>
    db.query(`SELECT ${COLUMNS[name]} FROM rows WHERE seq >= ? AND seq < ? ORDER BY seq`).values(from, to);
  const count = db.query<{ n: number }, [number, number]>('SELECT count(*) AS n FROM rows WHERE seq >= ? AND seq < ?');
  return {
    rows: count.get(from, to)?.n ?? 0,
    zone: () => null,
    numbers: (name) => numbersOf(values(name), first),
    texts: (name) => textsOf(listTexts(name, values(name), first)),
    ids: () => idsOf(values('id'), first),
  };
}

const first = (row: Row): unknown => row[0];

/** Event ids one to a row, metadata values as many as the row has keys. */
function listTexts(name: TextName, rows: readonly Row[], pick: (row: Row) => unknown): (string | null)[] {
  const texts: (string | null)[] = [];
  for (const row of rows) {
    const value = pick(row);
    const text = typeof value === 'string' ? value : null;
    if (name === 'event') texts.push(text);
    else if (text !== null) for (const item of JSON.parse(text) as unknown[]) texts.push(String(item));
  }
  return texts;
}

function zoneOf(values: NumberColumn): Zone {
  const zone: Zone = { min: null, max: null, missing: false };
  for (const value of values) {
    if (Number.isNaN(value)) zone.missing = true;
    else {
      if (zone.min === null || value < zone.min) zone.min = value;
      if (zone.max === null || value > zone.max) zone.max = value;
    }
  }
  return zone;
}

function idFronts(ids: Uint8Array): NumberColumn {
  const view = viewOf(ids);
  return Float64Array.from({ length: ids.length / 16 }, (_, row) => idNumbers(view, row)[0]);
}

/** The id of a row as three numbers that order like it: of its 128 bits 48, 48 and 32, which doubles can hold. */
export function idNumbers(ids: DataView, row: number): [number, number, number] {
  const at = row * 16;
  const wide = (offset: number) => ids.getUint32(offset) * 0x10000 + ids.getUint16(offset + 4);
  return [wide(at), wide(at + 6), ids.getUint32(at + 12)];
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function columnKey(chunk: number, name: ColumnName): number {
  return chunk * COLUMN_SPACE + NAMES.indexOf(name);
}
