import type { Database } from 'bun:sqlite';
import { addRow, type Measured, moneyOfText, type Vector, VECTOR_LENGTH } from './measures.ts';
import { addChange, addHour, encodeChange, GROUP_SPACE, HOUR_MS, HOUR_SPACE, packHour } from './rollup-codec.ts';
import { CUBES, encodeGroup } from './rollup-groups.ts';
import { decodeEnding, decodeOrigin, type ProfileKind, type StoredRow } from './row-codec.ts';
import { DamagedSegment } from './damage.ts';

/** Changes beyond which they are folded in at once. */
const MOST_CHANGES = 4096;
/** Pairs of profiles remembered. */
const MOST_KINDS = 65_536;

/** What roll-ups need of a row. */
export type CountedRow = Pick<
  StoredRow,
  | 'origin'
  | 'ending'
  | 'created'
  | 'duration'
  | 'latency'
  | 'tokens_in'
  | 'tokens_out'
  | 'cache_read'
  | 'cache_write'
  | 'reasoning'
  | 'cost'
  | 'saved'
>;

/** Reads one by `seq`, or all before a `seq`. */
const SELECT_COUNTED = `SELECT origin, ending, created, duration, latency, tokens_in, tokens_out, cache_read, cache_write,
  reasoning, CAST(cost AS TEXT) AS cost, CAST(saved AS TEXT) AS saved FROM rows`;

/** What the profiles of a row say: its group in each cube, and what is counted of it. */
interface Kind {
  groups: number[];
  failed: boolean;
  cached: boolean;
}

/**
 * The roll-ups of one segment: sums by hour and group. They are `rollups`, packed by hour, plus `rollup_changes`, what
 * came and went since. Every change of a row goes through `adjust`, in the transaction that changes the row, and is
 * written by `flush` at its end.
 */
export class RollupWriter {
  readonly #db: Database;
  readonly #kinds = new Map<number, Kind>();
  #groups: Map<string, number> | null = null;
  /** By key, as they are in the file once flushed; null until needed. */
  #changes: Map<number, Vector> | null = null;
  readonly #unwritten = new Set<number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Numbers of groups ever seen. */
  get groupCount(): number {
    return this.#groupNumbers().size;
  }

  /**
   * Adds a row, or with `sign` -1 takes it out. A row whose numbers change is taken out as it was before and added as it
   * is after.
   */
  adjust(row: CountedRow, sign: 1 | -1): void {
    const { groups, failed, cached } = this.#kindOf(row);
    const measured: Measured = {
      failed,
      cached,
      tokensIn: row.tokens_in ?? 0,
      tokensOut: row.tokens_out ?? 0,
      cacheRead: row.cache_read ?? 0,
      cacheWrite: row.cache_write ?? 0,
      reasoning: row.reasoning ?? 0,
      cost: moneyOfText(row.cost),
      saved: moneyOfText(row.saved),
      duration: row.duration,
      latency: row.latency ?? Number.NaN,
    };
    const hour = Math.floor(row.created / HOUR_MS);
    for (const group of groups) addRow(this.#changeAt(hour * GROUP_SPACE + group), measured, sign);
  }

  /** Adds the row `seq` as it is now. */
  add(seq: number): void {
    this.#adjustAt(seq, 1);
  }

  /** Takes the row `seq` out as it is now. */
  remove(seq: number): void {
    this.#adjustAt(seq, -1);
  }

  #adjustAt(seq: number, sign: 1 | -1): void {
    const row = this.#db.query<CountedRow, [number]>(`${SELECT_COUNTED} WHERE seq = ?`).get(seq);
    if (row !== null) this.adjust(row, sign);
  }

  /** Takes all rows before `seq` out. */
  removeBefore(seq: number): void {
    const rows = this.#db.query<CountedRow, [number]>(`${SELECT_COUNTED} WHERE seq < ?`);
    for (const row of rows.iterate(seq)) this.adjust(row, -1);
  }

  /** Writes what was adjusted. */
  flush(): void {
    if (this.#unwritten.size === 0) return;
    if (this.#loaded().size > MOST_CHANGES) {
      this.fold();
      return;
    }
    const put = this.#db.query('INSERT OR REPLACE INTO rollup_changes (key, data) VALUES (?, ?)');
    for (const key of this.#unwritten) {
      const vector = this.#loaded().get(key);
      if (vector !== undefined) put.run(key, encodeChange(vector));
    }
    this.#unwritten.clear();
  }

  /** Packs all changes into their hours. */
  fold(): void {
    const cubeOf = new Map<number, number>();
    for (const [json, number] of this.#groupNumbers()) cubeOf.set(number, Number(/^\[(\d+)/.exec(json)?.[1]));
    const hours = new Map<number, Map<number, Vector>>();
    for (const [key, vector] of this.#loaded()) {
      const group = key % GROUP_SPACE;
      const hour = (cubeOf.get(group) ?? 0) * HOUR_SPACE + Math.floor(key / GROUP_SPACE);
      const changed = hours.get(hour) ?? new Map<number, Vector>();
      hours.set(hour, changed);
      changed.set(group, vector);
    }
    for (const [hour, vectors] of hours) this.#foldHour(hour, vectors);
    this.#db.run('DELETE FROM rollup_changes');
    this.#loaded().clear();
    this.#unwritten.clear();
  }

  #foldHour(key: number, vectors: Map<number, Vector>): void {
    const packed = this.#db
      .query<{ sums: Uint8Array; times: Uint8Array }, [number]>('SELECT sums, times FROM rollups WHERE key = ?')
      .get(key);
    if (packed !== null) addHour(packed, (group) => vectorIn(vectors, group));
    const hour = packHour(vectors);
    if (hour === null) this.#db.query('DELETE FROM rollups WHERE key = ?').run(key);
    else {
      this.#db
        .query('INSERT OR REPLACE INTO rollups (key, sums, times) VALUES (?, ?, ?)')
        .run(key, hour.sums, hour.times);
    }
  }

  #changeAt(key: number): Vector {
    this.#unwritten.add(key);
    return vectorIn(this.#loaded(), key);
  }

  #loaded(): Map<number, Vector> {
    if (this.#changes !== null) return this.#changes;
    const changes = new Map<number, Vector>();
    const stored = this.#db.query<{ key: number; data: Uint8Array }, []>('SELECT key, data FROM rollup_changes');
    for (const { key, data } of stored.iterate()) addChange(data, vectorIn(changes, key));
    this.#changes = changes;
    return changes;
  }

  #kindOf({ origin, ending }: { origin: number; ending: number }): Kind {
    const pair = origin * GROUP_SPACE + ending;
    const known = this.#kinds.get(pair);
    if (known !== undefined) return known;
    const profiles = {
      origin: decodeOrigin(this.#fieldsOf('origin', origin)),
      ending: decodeEnding(this.#fieldsOf('ending', ending)),
    };
    const groups = CUBES.map((_, cube) => this.#groupId(encodeGroup(cube, profiles)));
    const { outcome, cached } = profiles.ending;
    const kind = { groups, failed: outcome !== 'success', cached };
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.set(pair, kind);
    return kind;
  }

  #fieldsOf(kind: ProfileKind, n: number): string {
    const found = this.#db.query<{ fields: string }, [number]>(`SELECT fields FROM ${kind} WHERE n = ?`).get(n);
    if (found === null) throw new DamagedSegment(`a row without its ${kind}`);
    return found.fields;
  }

  #groupId(fields: string): number {
    const groups = this.#groupNumbers();
    const known = groups.get(fields);
    if (known !== undefined) return known;
    const n = groups.size;
    this.#db.query('INSERT INTO rollup_groups (n, fields) VALUES (?, ?)').run(n, fields);
    groups.set(fields, n);
    return n;
  }

  #groupNumbers(): Map<string, number> {
    if (this.#groups !== null) return this.#groups;
    const groups = new Map<string, number>();
    const stored = this.#db.query<{ n: number; fields: string }, []>('SELECT n, fields FROM rollup_groups');
    for (const { n, fields } of stored.iterate()) groups.set(fields, n);
    this.#groups = groups;
    return groups;
  }
}

function vectorIn(vectors: Map<number, Vector>, key: number): Vector {
  const known = vectors.get(key);
  if (known !== undefined) return known;
  const vector = new Float64Array(VECTOR_LENGTH);
  vectors.set(key, vector);
  return vector;
}
