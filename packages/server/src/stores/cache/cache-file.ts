import { Database } from 'bun:sqlite';
import { DamagedCache, prepare, present } from './cache-schema.ts';
import type { CachedAnswer } from '../cache-ports.ts';
import { type EntryHead, fingerprint, type Selection, type WireEntry } from './protocol.ts';

const COLUMNS: Record<keyof Selection, string> = {
  accountId: 'account',
  gatewayKey: 'gateway_key',
  customKey: 'custom_key',
  model: 'model',
  provider: 'provider',
};

/** Beside its body an entry takes about this much, index rows included. */
const ROW_BYTES = 768;
/** When room is needed, so much more is made at once: a part of the whole. */
const EXTRA_ROOM = 1 / 128;
/** A use is noted only so much later than the last one. */
const USE_STEP_MS = 60_000;

interface Row {
  id: number;
  key: string;
  used: number;
  stored: number;
  expires: number;
  gateway_key: string;
  account: string;
  provider: string;
  model: string;
  custom_key: string | null;
  status: number;
  headers: string;
  checksum: number;
  body: Uint8Array | null;
}

/**
 * The SQLite file of the disk tier: one writer, up to `maxBytes` of pages in use, the entries longest unused evicted.
 * Methods throw `DamagedCache` or an SQLiteError; `damageIn` tells what the error means for the file.
 */
export class CacheFile {
  readonly #db: Database;
  readonly #maxBytes: number;
  readonly #pageBytes: number;
  /** Ids of entries by the fingerprint of their key. */
  readonly #ids = new Map<number, number>();
  readonly #read;
  readonly #put;
  readonly #putBody;
  readonly #remove;
  readonly #use;
  readonly #evict;

  constructor(path: string, maxBytes: number) {
    this.#db = new Database(path, { create: true, readwrite: true, strict: true });
    try {
      prepare(this.#db);
      this.#maxBytes = maxBytes;
      this.#pageBytes = this.#pragma('page_size');
      this.#read = this.#db.query<Row, [number]>(
        'SELECT e.*, b.body FROM entries e LEFT JOIN bodies b ON b.id = e.id WHERE e.id = ?',
      );
      this.#put = this.#db.query<null, (string | number | null)[]>(
        `INSERT INTO entries
         (key, used, stored, expires, gateway_key, account, provider, model, custom_key, status, headers, checksum)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#remove = this.#db.query<null, [number]>('DELETE FROM entries WHERE id = ?');
      this.#putBody = this.#db.query<null, [number, Uint8Array]>('INSERT INTO bodies VALUES (?, ?)');
      this.#use = this.#db.query<null, [number, number, number]>(
        'UPDATE entries SET used = ? WHERE id = ? AND used < ?',
      );
      this.#evict = this.#db.query<{ key: string }, []>(
        'DELETE FROM entries WHERE id = (SELECT id FROM entries ORDER BY used LIMIT 1) RETURNING key',
      );
      this.#readIds();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Bytes of the pages that hold something. */
  get bytes(): number {
    return (this.#pragma('page_count') - this.#pragma('freelist_count')) * this.#pageBytes;
  }

  /** Fingerprints of all entries. */
  fingerprints(): Float64Array {
    return Float64Array.from(this.#ids.keys());
  }

  /** Stores or replaces entries whose bodies stand end to end in `arena`. Returns fingerprints of what had to go for them. */
  write(entries: WireEntry[], arena: Uint8Array): Float64Array {
    return this.#changing(() => {
      const gone = new Set<string>();
      let start = 0;
      let used = this.bytes;
      for (const entry of entries) {
        const body = arena.subarray(start, start + entry.bodyBytes);
        start += entry.bodyBytes;
        const bytes = body.byteLength + entry.headers.length + ROW_BYTES;
        // Asking for the pages in use costs as much as a row, so it is asked again when the estimate has reached the limit.
        if (used + bytes > this.#maxBytes) {
          for (const key of this.#makeRoom(bytes)) gone.add(key);
          used = this.bytes;
        }
        used += bytes;
        this.#insert(entry, body);
        gone.delete(entry.key);
      }
      return prints(gone);
    });
  }

  read(key: string, nowMs: number): CachedAnswer | null {
    const id = this.#ids.get(fingerprint(key));
    const row = id === undefined ? null : this.#read.get(id);
    if (row === null || row.key !== key || row.expires <= nowMs) return null;
    const { body, headers } = row;
    if (body === null || checksum(headers, body) !== row.checksum) {
      throw new DamagedCache('an entry is not what was stored');
    }
    if (row.used < nowMs - USE_STEP_MS) this.#use.run(nowMs, row.id, nowMs);
    return { ...headOf(row), body };
  }

  purge(selection: Selection): Float64Array {
    const given = Object.entries(selection) as [keyof Selection, string][];
    const where = given.map(([field]) => `${COLUMNS[field]} = ?`).join(' AND ');
    return this.#delete(
      where,
      given.map(([, value]) => value),
    );
  }

  tend(uses: [key: string, usedAtMs: number][], nowMs: number): Float64Array {
    return this.#changing(() => {
      for (const [key, usedAtMs] of uses) {
        const id = this.#ids.get(fingerprint(key));
        if (id !== undefined) this.#use.run(usedAtMs, id, usedAtMs);
      }
      return this.#delete('expires <= ?', [nowMs]);
    });
  }

  close(): void {
    this.#db.close();
  }

  #insert(entry: WireEntry, body: Uint8Array): void {
    const { key, headers, storedAtMs, expiresAtMs, gatewayKey, accountId, provider, model, customKey, status } = entry;
    const identity = [gatewayKey, accountId, provider, model, customKey];
    const print = fingerprint(key);
    const before = this.#ids.get(print);
    if (before !== undefined) this.#remove.run(before);
    const { lastInsertRowid } = this.#put.run(
      key,
      storedAtMs,
      storedAtMs,
      expiresAtMs,
      ...identity,
      status,
      headers,
      checksum(headers, body),
    );
    const id = Number(lastInsertRowid);
    this.#putBody.run(id, body);
    this.#ids.set(print, id);
  }

  /** One transaction. Where it fails nothing has changed, so what is known of ids is read anew. */
  #changing<T>(change: () => T): T {
    try {
      return this.#db.transaction(change)();
    } catch (error) {
      this.#readIds();
      throw error;
    }
  }

  #readIds(): void {
    this.#ids.clear();
    const stored = this.#db.query<{ id: number; key: string }, []>('SELECT id, key FROM entries');
    for (const { id, key } of stored.iterate()) this.#ids.set(fingerprint(key), id);
  }

  #forget(keys: Iterable<string>): Float64Array {
    const gone = prints(keys);
    for (const print of gone) this.#ids.delete(print);
    return gone;
  }

  #delete(where: string, values: (string | number)[]): Float64Array {
    const sql = `DELETE FROM entries WHERE ${where} RETURNING key`;
    return this.#forget(keysOf(this.#db.query<{ key: string }, (string | number)[]>(sql).all(...values)));
  }

  /** Evicts until so many bytes are free, and gives the keys. */
  *#makeRoom(bytes: number): Generator<string> {
    if (this.bytes + bytes <= this.#maxBytes) return;
    const target = this.#maxBytes * (1 - EXTRA_ROOM) - bytes;
    while (this.bytes > target) {
      const evicted = this.#evict.get();
      if (evicted === null) return;
      this.#ids.delete(fingerprint(evicted.key));
      yield evicted.key;
    }
  }

  #pragma(name: 'page_size' | 'page_count' | 'freelist_count'): number {
    return present(this.#db.query<Record<string, number>, []>(`PRAGMA ${name}`).get())[name] ?? 0;
  }
}

function headOf(row: Row): EntryHead {
  return {
    status: row.status,
    headers: row.headers,
    storedAtMs: row.stored,
    expiresAtMs: row.expires,
    gatewayKey: row.gateway_key,
    accountId: row.account,
    provider: row.provider,
    model: row.model,
    customKey: row.custom_key,
  };
}

/** SQLite does not notice a changed byte inside a value. */
function checksum(headers: string, body: Uint8Array): number {
  return Number(BigInt.asUintN(52, Bun.hash.xxHash3(body, Bun.hash.xxHash3(headers))));
}

function keysOf(rows: { key: string }[]): string[] {
  return rows.map(({ key }) => key);
}

function prints(keys: Iterable<string>): Float64Array {
  return Float64Array.from(keys, fingerprint);
}
