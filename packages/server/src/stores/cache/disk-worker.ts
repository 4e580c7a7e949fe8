/** The disk tier's thread: the only one that touches the file. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { serve } from '../worker-link.ts';
import { CacheFile } from './cache-file.ts';
import { damageIn } from './cache-schema.ts';
import type { Change, LossNews, DiskOps, WireEntry } from './protocol.ts';

declare const self: Worker;

let path = '';
let maxBytes = 0;
let file: CacheFile | null = null;

const tell = serve<DiskOps, LossNews>(self, {
  open: (ask) => {
    path = ask.file;
    maxBytes = ask.maxBytes;
    mkdirSync(dirname(path), { recursive: true });
    return guarded((opened) => ({ fingerprints: opened.fingerprints(), bytes: opened.bytes }));
  },
  write: ({ entries, arena }) => changing((opened) => opened.write(JSON.parse(entries) as WireEntry[], arena)),
  read: ({ key, nowMs }) => guarded((opened) => opened.read(key, nowMs)),
  purge: (selection) => {
    try {
      return changing((opened) => opened.purge(selection));
    } catch (error) {
      // On a full disk nothing can be deleted, but everything can: what must not be served matters more than what may.
      const reason = error instanceof Error ? error.message : String(error);
      tell({ line: `is emptied as a whole, since entries cannot be removed from it: ${reason}` });
      startAnew();
      return { gone: new Float64Array(0), bytes: 0 };
    }
  },
  tend: ({ uses, nowMs }) => changing((opened) => opened.tend(uses, nowMs)),
  close: () => {
    file?.close();
    file = null;
    return null;
  },
});

function changing(change: (opened: CacheFile) => Float64Array): Change {
  return guarded((opened) => ({ gone: change(opened), bytes: opened.bytes }));
}

/** A damaged file is set aside, and the same is done with a new one. Other failures are thrown. */
function guarded<T>(use: (opened: CacheFile) => T): T {
  try {
    file ??= new CacheFile(path, maxBytes);
    return use(file);
  } catch (error) {
    const reason = damageIn(error);
    if (reason === null) throw error;
    // One is kept for whoever wants to know; more would fill the disk.
    if (existsSync(path)) renameSync(path, `${path}.damaged`);
    tell({ line: `is set aside as ${path}.damaged and starts empty: ${reason}` });
    return use(startAnew());
  }
}

function startAnew(): CacheFile {
  file?.close();
  file = null;
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  file = new CacheFile(path, maxBytes);
  return file;
}
