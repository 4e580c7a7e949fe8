import { SQLiteError } from 'bun:sqlite';

/** What is stored in a segment can't be right. The segment is set aside; it never takes the store down. */
export class DamagedSegment extends Error {}

/** Why `error` means that the file itself is bad, or null when it is some other failure (a full disk, a lost mount). */
export function damageIn(error: unknown): string | null {
  if (error instanceof DamagedSegment) return error.message;
  if (!(error instanceof SQLiteError)) return null;
  const code = error.code ?? '';
  const schemaIsGone = code === 'SQLITE_ERROR' && /no such (table|column)/.test(error.message);
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code) || schemaIsGone ? error.message : null;
}

/** Reads stored bytes or text by `read`; a failure of it means damage. */
export function trusting<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DamagedSegment(`${what} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
