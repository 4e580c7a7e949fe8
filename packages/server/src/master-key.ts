/**
 * The key for secrets at rest: given, or made on the first start and kept in the data directory, readable by its owner
 * only.
 *
 * A new key takes the place of a kept one in three steps: (1) it is written to `master.key.next`, (2) the database is
 * wrapped with it in one transaction, (3) `master.key.next` is renamed to `master.key`. Whenever that is cut off, one of
 * the two files opens the database; `withMasterKey` tries both, and finishes step 3.
 */
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config.ts';
import type { Secret } from './lib/index.ts';
import { WrongMasterKey } from './stores/sql/index.ts';

const FILE = 'master.key';
const NEXT = 'master.key.next';
const KEY_BYTES = 32;

/** A random key. */
export function newMasterKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/**
 * Opens something with the right key, which is handed on to `open`.
 * @throws ConfigError when no key can be read or written; what `open` throws.
 */
export async function withMasterKey<T>(
  dataDir: string,
  given: Secret | null,
  open: (key: Uint8Array) => Promise<T>,
): Promise<T> {
  if (given !== null) return open(Buffer.from(given.reveal(), 'base64'));
  try {
    return await open(readOrMake(dataDir));
  } catch (error) {
    if (!(error instanceof WrongMasterKey)) throw error;
    const next = readKey(join(dataDir, NEXT));
    if (next === null) throw error;
    const opened = await open(next);
    promoteNextKey(dataDir);
    return opened;
  }
}

/** Step 1. It is on the disk when this returns. */
export function writeNextKey(dataDir: string, key: Uint8Array): void {
  const file = join(dataDir, NEXT);
  writing(file, () => writeDurably(file, key));
  syncDirectory(dataDir);
}

/** Step 3. Also when another process, opening the database meanwhile, was faster. */
export function promoteNextKey(dataDir: string): void {
  try {
    renameSync(join(dataDir, NEXT), join(dataDir, FILE));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  syncDirectory(dataDir);
}

function readOrMake(dataDir: string): Uint8Array {
  const file = join(dataDir, FILE);
  return readKey(file) ?? make(dataDir, file);
}

/** Makes the file with all that is in it at once, or leaves the one that another process has just made. */
function make(dataDir: string, file: string): Uint8Array {
  const key = newMasterKey();
  const draft = `${file}.${process.pid}`;
  return writing(file, () => {
    writeDurably(draft, key);
    try {
      linkSync(draft, file);
      syncDirectory(dataDir);
      return key;
    } catch (error) {
      const other = codeOf(error) === 'EEXIST' ? readKey(file) : null;
      if (other === null) throw error;
      return other;
    } finally {
      unlinkSync(draft);
    }
  });
}

/** Null when there is no such file. */
function readKey(file: string): Uint8Array | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new ConfigError(`HEADGATE_DATA_DIR: cannot read ${file} (${codeOf(error)})`);
  }
  const key = Buffer.from(text, 'base64');
  if (key.byteLength !== KEY_BYTES) {
    throw new ConfigError(`HEADGATE_MASTER_KEY: ${file} does not hold ${KEY_BYTES} bytes in base64`);
  }
  return key;
}

function writeDurably(file: string, key: Uint8Array): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    writeFileSync(handle, Buffer.from(key).toString('base64'));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function writing<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`HEADGATE_DATA_DIR: cannot write ${file} (${codeOf(error)})`);
  }
}

/** Names are on the disk only when their directory is. */
function syncDirectory(dataDir: string): void {
  const handle = openSync(dataDir, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? 'unknown error';
}
