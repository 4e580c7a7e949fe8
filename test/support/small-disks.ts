import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Headgate, HeadgateOptions } from './headgate.ts';

/** A disk that can be full, and can have room again, while a server keeps its data there. */
export interface SmallDisk {
  /** Null: anywhere. */
  directory: string | null;
  options: HeadgateOptions;
  fill(headgate: Headgate): void;
  free(headgate: Headgate): void;
  /** Only where `smallDisks` says so. */
  makeReadOnly(): void;
  /** When nobody uses it any more. */
  remove(): void;
}

/** Every kind that this process can have: a small disk in memory takes a privilege. */
export function smallDisks(): [name: string, make: () => SmallDisk, canBeReadOnly: boolean][] {
  const disks: ReturnType<typeof smallDisks> = [['no file may grow', fileSizeLimit, false]];
  const probe = memoryDisk();
  if (probe !== null) {
    probe.remove();
    disks.push(['no space left', () => memoryDisk() as SmallDisk, true]);
  }
  return disks;
}

function fileSizeLimit(): SmallDisk {
  const limit = (headgate: Headgate, soft: string) =>
    done(Bun.spawnSync(['prlimit', '--pid', String(headgate.process.pid), `--fsize=${soft}:`]));
  return {
    directory: null,
    // The signal that comes with it would end the process, a write that fails does not.
    options: { launcher: ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'] },
    fill: (headgate) => limit(headgate, '0'),
    free: (headgate) => limit(headgate, 'unlimited'),
    makeReadOnly: () => {
      throw new Error('only a disk of its own can be read-only');
    },
    remove: () => {},
  };
}

const MEMORY_DISK_BYTES = 16 * 1024 * 1024;

function memoryDisk(): SmallDisk | null {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-small-disk-'));
  const mount = ['mount', '-t', 'tmpfs', '-o', `size=${MEMORY_DISK_BYTES}`, 'tmpfs', directory];
  if (process.getuid?.() !== 0 || Bun.spawnSync(mount).exitCode !== 0) {
    rmSync(directory, { recursive: true });
    return null;
  }
  const filling = join(directory, 'filling');
  return {
    directory,
    options: {},
    fill: () => {
      for (let bytes = MEMORY_DISK_BYTES; bytes > 0; bytes = Math.floor(bytes / 2)) appendWhileItFits(filling, bytes);
    },
    free: () => rmSync(filling),
    makeReadOnly: () => done(Bun.spawnSync(['mount', '-o', 'remount,ro', directory])),
    remove: () => {
      done(Bun.spawnSync(['umount', directory]));
      rmSync(directory, { recursive: true });
    },
  };
}

function appendWhileItFits(file: string, bytes: number): void {
  const piece = new Uint8Array(bytes);
  try {
    for (;;) appendFileSync(file, piece);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error;
  }
}

function done({ exitCode, stderr }: { exitCode: number; stderr: Buffer }): void {
  if (exitCode !== 0) throw new Error(stderr.toString());
}
