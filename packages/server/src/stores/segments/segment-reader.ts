import type { Database } from 'bun:sqlite';
import type { LogRecord, StoredLog } from '../log-ports.ts';
import { unpackBodies } from './bodies.ts';
import { type Chunk, chunksOf } from './chunk.ts';
import { DamagedSegment, damageIn, trusting } from './damage.ts';
import {
  decodeEnding,
  decodeOrigin,
  decodeRow,
  type Ending,
  idBytes,
  type Origin,
  type ProfileKind,
  type StoredRow,
} from './row-codec.ts';
import type { RollupPlan } from './rollup-plan.ts';
import { addRollups, hasRest } from './rollup-reader.ts';
import { openSegment, SELECT_ROW } from './schema.ts';
import type { Summary } from './summary.ts';

export interface Profiles {
  readonly origin: readonly Origin[];
  readonly ending: readonly Ending[];
}

/** One segment, open for reading. */
export class SegmentReader {
  readonly #db: Database;
  /** By number; they are never changed, only added to. */
  readonly #profiles: { origin: Origin[]; ending: Ending[]; bill: string[] } = { origin: [], ending: [], bill: [] };

  /** @throws DamagedSegment, SQLiteError */
  constructor(path: string) {
    this.#db = openSegment(path, 'read');
  }

  /** Runs `work` on one state of the segment, whatever the writer does meanwhile. */
  snapshot<T>(work: (view: SegmentView) => T): T {
    this.#db.run('BEGIN');
    try {
      return work({
        scanned: () => {
          this.#loadProfiles();
          return { profiles: this.#profiles, chunks: chunksOf(this.#db) };
        },
        addRollups: (plan, summary) => addRollups(this.#db, plan, summary),
        hasRest: (plan) => hasRest(this.#db, plan),
        rowsEver: () => this.#rowsEver(),
      });
    } finally {
      if (this.#db.inTransaction) this.#db.run('COMMIT');
    }
  }

  record(seq: number, gatewayKey: string): LogRecord | null {
    const row = this.#db.query<StoredRow, [number]>(SELECT_ROW).get(seq);
    if (row === null) return null;
    const known = this.#profiles;
    if (row.origin >= known.origin.length || row.ending >= known.ending.length || row.bill >= known.bill.length) {
      this.#loadProfiles();
    }
    const [origin, ending, bill] = [known.origin[row.origin], known.ending[row.ending], known.bill[row.bill]];
    if (origin === undefined || ending === undefined || bill === undefined)
      throw new DamagedSegment('a row without its profiles');
    return trusting('a row', () => decodeRow(row, { origin, ending, bill, gatewayKey }));
  }

  /** `onBadBodies`: told why, when bodies can't be read; the row comes without them then. */
  find(id: string, gatewayKey: string, onBadBodies: (reason: string) => void): StoredLog | null {
    const bytes = idBytes(id);
    if (bytes === null) return null;
    const seq = this.#db.query<{ seq: number }, [Uint8Array]>('SELECT seq FROM rows WHERE id = ?').get(bytes)?.seq;
    const record = seq === undefined ? null : this.record(seq, gatewayKey);
    if (seq === undefined || record === null) return null;
    const packed = this.#db
      .query<{ request: Uint8Array | null; response: Uint8Array | null; responseText: Uint8Array | null }, [number]>(
        'SELECT request, response, response_text AS responseText FROM bodies WHERE seq = ?',
      )
      .get(seq);
    try {
      return { record, bodies: packed && unpackBodies(packed) };
    } catch (error) {
      // One bad body is no reason to give up a segment whose rows can be read.
      const reason = damageIn(error);
      if (reason === null) throw error;
      onBadBodies(reason);
      return { record, bodies: null };
    }
  }

  close(): void {
    this.#db.close();
  }

  #loadProfiles(): void {
    this.#loadInto('origin', this.#profiles.origin, decodeOrigin);
    this.#loadInto('ending', this.#profiles.ending, decodeEnding);
    this.#loadInto('bill', this.#profiles.bill, (form) => form);
  }

  #loadInto<T>(kind: ProfileKind, profiles: T[], decode: (json: string) => T): void {
    const sql = `SELECT fields FROM ${kind} WHERE n >= ? ORDER BY n`;
    for (const { fields } of this.#db.query<{ fields: string }, [number]>(sql).all(profiles.length)) {
      profiles.push(trusting('a profile', () => decode(fields)));
    }
  }

  #rowsEver(): number {
    return this.#db.query<{ n: number }, []>('SELECT next_seq AS n FROM meta').get()?.n ?? 0;
  }
}

/** What a scan reads: profiles, and the chunks oldest first. */
export interface Scanned {
  profiles: Profiles;
  chunks: Chunk[];
}

export interface SegmentView {
  scanned(): Scanned;
  /** Adds the whole hours of the plan to the summary. */
  addRollups(plan: RollupPlan, summary: Summary): void;
  /** Whether rows may be in none of them. */
  hasRest(plan: RollupPlan): boolean;
  /** Rows ever stored. */
  rowsEver(): number;
}
