import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';

const SEGMENT_NAME = /^segment-(\d{6,})\.db$/;

/** The directory of one gateway. A key that is no plain lower-case name is hashed, so that no key leaves the directory. */
export function gatewayDirectory(root: string, gatewayKey: string): string {
  const plain = /^[a-z0-9][a-z0-9_-]{0,99}$/.test(gatewayKey);
  return join(root, plain ? gatewayKey : `+${createHash('sha256').update(gatewayKey).digest('hex').slice(0, 40)}`);
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `segment-${String(number).padStart(6, '0')}.db`);
}

/** Numbers of a gateway's segments, oldest first; none when it has no directory. */
export function segmentNumbers(directory: string): number[] {
  const numbers = namesIn(directory).flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** All segment files under `root`, and what a crash left half made is removed. */
export function* allSegments(root: string): Generator<string> {
  for (const directory of namesIn(root).map((name) => join(root, name))) {
    for (const name of namesIn(directory)) {
      const path = join(directory, name);
      if (SEGMENT_NAME.test(name)) yield path;
      else if (/\.db\.new(-wal|-shm|-journal)?$/.test(name)) rmSync(path, { force: true });
    }
  }
}

/** Why the file can't be a whole segment, by its first 100 bytes and its length; null when it looks right. */
export function glance(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(100);
    if (readSync(file, header, 0, 100, 0) < 100) return 'shorter than its header';
    // Offsets of the SQLite file format, section 1.3 "The Database Header".
    if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'not a database';
    if (header.readUInt32BE(68) !== APPLICATION_ID) return 'not a log segment';
    if (header.readUInt32BE(60) !== SCHEMA_VERSION) return `schema version ${header.readUInt32BE(60)}`;
    const size = header.readUInt16BE(16);
    const pageSize = size === 1 ? 65536 : size;
    const complete = header.readUInt32BE(28) * pageSize <= fstatSync(file).size;
    return complete || existsSync(`${path}-wal`) ? null : 'cut short';
  } finally {
    closeSync(file);
  }
}

/** Moves a damaged segment, with its WAL, to a name that is never read again, and gives that name. */
export function setAside(path: string): string {
  let n = 1;
  while (existsSync(`${path}.damaged-${n}`)) n += 1;
  const target = `${path}.damaged-${n}`;
  renameSync(path, target);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${target}-wal`);
  rmSync(`${path}-shm`, { force: true });
  return target;
}

export function removeSegment(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
