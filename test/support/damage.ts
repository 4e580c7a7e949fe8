import { Database } from 'bun:sqlite';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** Moves everything from the write-ahead log into the file: what is spoilt in there counts from then on. */
export function checkpoint(file: string): void {
  const db = new Database(file);
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Names of the tables and indexes of a database that hold something. Nobody may be using it. */
export function treesIn(file: string): string[] {
  checkpoint(file);
  const db = new Database(file);
  try {
    const [size] = db.query('PRAGMA page_size').values().flat();
    const roots = db.query<{ name: string; rootpage: number }, []>('SELECT name, rootpage FROM sqlite_master').all();
    return roots.filter(({ rootpage }) => rootpage > 0 && cellsOn(file, rootpage, Number(size)) > 0).map((r) => r.name);
  } finally {
    db.close();
  }
}

/** Turns over all bits of 24 bytes in a table's or index's first page, where its newest record begins. */
export function damageTree(file: string, name: string): void {
  changePage(file, name, (page) => {
    const start = page.readUInt16BE(5);
    for (let at = start; at < start + 24 && at < page.length; at++) page[at] = (page[at] ?? 0) ^ 0xff;
  });
}

/** Overwrites a table's or index's first page with zeros, as a disk does that has lost a block. */
export function loseTree(file: string, name: string): void {
  changePage(file, name, (page) => page.fill(0));
}

/** Replaces a text, wherever it stands in the first page of a table or index, by another one of the same length. */
export function forgeTree(file: string, name: string, [from, to]: [string, string]): void {
  changePage(file, name, (page) => {
    for (let at = page.indexOf(from); at >= 0; at = page.indexOf(from)) page.write(to, at);
  });
}

function changePage(file: string, name: string, change: (page: Buffer) => void): void {
  checkpoint(file);
  const db = new Database(file);
  const [[root, size] = []] = db
    .query('SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = ?')
    .values(name) as [number, number][];
  db.close();
  if (root === undefined || size === undefined) throw new Error(`${file} has no ${name}`);
  const page = readPage(file, root, size);
  change(page);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, page, 0, size, (root - 1) * size);
  closeSync(descriptor);
}

function cellsOn(file: string, root: number, size: number): number {
  return readPage(file, root, size).readUInt16BE(3);
}

function readPage(file: string, number: number, size: number): Buffer {
  const page = Buffer.alloc(size);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, page, 0, size, (number - 1) * size);
  closeSync(descriptor);
  return page;
}
