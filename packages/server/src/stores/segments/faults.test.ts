import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { Database } from 'bun:sqlite';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/index.ts';
import { appendAll, filter, logId, logRecord, names, query, START_MS, selection } from '../contract/index.ts';
import type { LogRecord, LogStore } from '../log-ports.ts';
import { openSegmentLogStore, type SegmentLogOptions } from './index.ts';

const CHILD = Bun.fileURLToPath(new URL('./faults-child.ts', import.meta.url));

let directory: string;
let open: LogStore[];
let problems: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-logs-'));
  open = [];
  problems = [];
});
afterEach(async () => {
  for (const store of open) await store.close();
  await rm(directory, { recursive: true, force: true });
});

async function openStore(options: Partial<SegmentLogOptions> = {}): Promise<LogStore> {
  const onProblem = (line: string) => problems.push(line);
  const store = await openSegmentLogStore({ directory, clock: systemClock, segmentRows: 16, onProblem, ...options });
  open.push(store);
  return store;
}

function segmentFiles(gatewayKey = 'gateway-1'): string[] {
  return readdirSync(join(directory, gatewayKey))
    .filter((name) => name.endsWith('.db'))
    .sort()
    .map((name) => join(directory, gatewayKey, name));
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => ({ eventId: `${i}` }));

describe('restart', () => {
  test('everything is there again, and numbering, retention and packing go on', async () => {
    const first = await openStore();
    await appendAll(first, numbered(40));
    await first.close();
    const second = await openStore();
    expect((await second.list(query())).totalCount).toBe(40);
    const rule = { limit: 20, strategy: 'DELETE_OLDEST' } as const;
    await second.append(logRecord({ createdAtMs: START_MS + 40, eventId: '40' }), null, rule);
    const page = await second.list(query());
    expect(page.totalCount).toBe(20);
    expect(names(page)).toEqual(Array.from({ length: 20 }, (_, i) => `${40 - i}`));
  });

  test('a killed process loses nothing that it was told is committed, and leaves no half row', async () => {
    const acknowledged: string[] = [];
    for (const lines of [1, 40, 130, 260, 500]) {
      const child = Bun.spawn([process.execPath, CHILD, directory], {
        stdout: 'pipe',
      });
      const seen: string[] = [];
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        seen.push(chunk);
        if (seen.join('').split('\n').length > lines) break;
      }
      child.kill('SIGKILL');
      await child.exited;
      acknowledged.push(...seen.join('').split('\n').slice(0, -1));
      const store = await openStore();
      expect(store.health().damagedSegments).toEqual([]);
      for (const id of acknowledged) {
        const found = (await store.get('gateway-0', id)) ?? (await store.get('gateway-1', id));
        expect(found?.record.id).toBe(id);
        expect(found?.bodies?.responseText).toBe(id);
        expect(found?.bodies?.request?.byteLength).toBe(found?.record.requestSize);
      }
      for (const gatewayKey of ['gateway-0', 'gateway-1']) {
        const all = await store.list(query({ gatewayKey, perPage: 100_000 }));
        expect(all.rows.length).toBe(all.totalCount);
        expect((await store.list(query({ gatewayKey, ...filter('provider', 'eq', 'openai') }))).totalCount).toBe(
          all.totalCount,
        );
        for (const { id, requestSize } of all.rows.slice(0, 20)) {
          expect((await store.get(gatewayKey, id))?.bodies?.request?.byteLength).toBe(requestSize);
        }
      }
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThan(500);
  }, 60_000);
});

describe('damage', () => {
  /** Three segments of 16 rows. */
  async function threeSegments(): Promise<LogRecord[]> {
    const store = await openStore();
    const records = await appendAll(store, numbered(48));
    await store.close();
    expect(segmentFiles().length).toBe(3);
    return records;
  }

  const harms: [string, (path: string) => void, RegExp][] = [
    ['cut short', (path) => truncateSync(path, 8192), /cut short/],
    ['empty', (path) => truncateSync(path, 0), /shorter than its header/],
    ['not a database', (path) => writeFileSync(path, 'x'.repeat(5000)), /not a database/],
    ['of a later version', (path) => patchFile(path, 60, new Uint8Array([0, 0, 0, 99])), /schema version 99/],
  ];
  test.each(harms)('a segment that is %s is set aside when the store opens', async (_name, harm, reason) => {
    await threeSegments();
    const middle = segmentFiles()[1] ?? '';
    harm(middle);
    const store = await openStore();
    const [damaged] = store.health().damagedSegments;
    expect(damaged?.file).toBe(`${middle}.damaged-1`);
    expect(damaged?.reason).toMatch(reason);
    expect(problems.length).toBe(1);
    expect(existsSync(`${middle}.damaged-1`)).toBe(true);
    expect((await store.list(query())).totalCount).toBe(32);
    await store.append(logRecord({ createdAtMs: START_MS + 99, eventId: 'new' }), null, null);
    expect(names(await store.list(query({ perPage: 1 })))).toEqual(['new']);
  });

  test('damage found by a query is set aside, and the query answers from the rest', async () => {
    const records = await threeSegments();
    const store = await openStore();
    scramble(segmentFiles()[1] ?? '');
    expect((await store.list(query(filter('provider', 'eq', 'openai')))).totalCount).toBe(32);
    expect(store.health().damagedSegments.length).toBe(1);
    expect(await store.get('gateway-1', records[20]?.id ?? '')).toBeNull();
    expect((await store.get('gateway-1', records[3]?.id ?? ''))?.record).toEqual(records[3] as LogRecord);
  });

  test('damage found by a write is set aside, and the row goes into a new segment', async () => {
    await threeSegments();
    const store = await openStore({ segmentRows: 1000 });
    scramble(segmentFiles()[2] ?? '');
    await store.append(logRecord({ createdAtMs: START_MS + 99, eventId: 'new' }), null, null);
    expect(store.health()).toMatchObject({ droppedRows: 0, lastError: null });
    expect(store.health().damagedSegments.length).toBe(1);
    const page = await store.list(query());
    expect([page.totalCount, page.rows[0]?.eventId]).toEqual([33, 'new']);
  });

  test('a patch passes over a damaged segment', async () => {
    const records = await threeSegments();
    const store = await openStore();
    scramble(segmentFiles()[2] ?? '');
    expect((await store.patch('gateway-1', records[3]?.id ?? '', { score: 7 }))?.score).toBe(7);
    expect(store.health().damagedSegments.length).toBe(1);
  });

  test('a body that cannot be decompressed costs that body only, and is reported', async () => {
    const store = await openStore();
    const request = new TextEncoder().encode('a body that zstd makes smaller '.repeat(20));
    await store.append(logRecord(), { request, response: null, responseText: null }, null);
    await store.close();
    const db = new Database(segmentFiles()[0] ?? '');
    db.run("UPDATE bodies SET request = CAST(x'01' || randomblob(50) AS BLOB)");
    db.close();
    const again = await openStore();
    expect(await again.get('gateway-1', logId(START_MS))).toEqual({ record: logRecord(), bodies: null });
    expect(problems).toEqual([expect.stringContaining(`bodies of log ${logId(START_MS)}`)]);
    expect(again.health().damagedSegments).toEqual([]);
  });

  /** Overwrites all but the first page. */
  function scramble(path: string): void {
    patchFile(path, 4096, new Uint8Array(readFileSync(path).byteLength - 4096).fill(0x5a));
  }

  function patchFile(path: string, offset: number, bytes: Uint8Array): void {
    const content = readFileSync(path);
    content.set(bytes, offset);
    writeFileSync(path, content);
  }
});

describe('failing writes', () => {
  test('a directory that cannot be made shows in health, costs the row after some tries, and heals', async () => {
    const store = await openStore();
    await writeFile(join(directory, 'gateway-1'), 'in the way');
    await store.append(logRecord(), null, null);
    expect(store.health()).toMatchObject({ droppedRows: 1, queuedRows: 0, queuedBytes: 0 });
    expect(store.health().lastError).toContain('EEXIST');
    expect(problems.length).toBeGreaterThan(1);
    await store.append(logRecord({ gatewayKey: 'gateway-2' }), null, null);
    expect((await store.list(query({ gatewayKey: 'gateway-2' }))).totalCount).toBe(1);
    await rm(join(directory, 'gateway-1'));
    await store.append(logRecord(), null, null);
    expect(store.health()).toMatchObject({ droppedRows: 1, lastError: null });
    expect((await store.list(query())).totalCount).toBe(1);
  });

  test('a directory that is removed is made again', async () => {
    const store = await openStore();
    await appendAll(store, numbered(20));
    await rm(join(directory, 'gateway-1'), { recursive: true });
    expect((await store.list(query())).totalCount).toBe(0);
    await store.append(logRecord({ eventId: 'new' }), null, null);
    expect(names(await store.list(query()))).toEqual(['new']);
    expect(store.health()).toMatchObject({ droppedRows: 0, lastError: null });
  });

  test('a file size limit, as a full disk, stops neither the process nor what was committed', async () => {
    const child = ['bash', '-c', `trap '' XFSZ; ulimit -f 150; exec "$0" "$@"`, process.execPath];
    const spawned = Bun.spawn([...child, CHILD, directory, '100000'], {
      stdout: 'pipe',
    });
    let seen = '';
    for await (const chunk of spawned.stdout.pipeThrough(new TextDecoderStream())) {
      seen += chunk;
      if (/^lost .+\n/m.test(seen)) break;
    }
    expect(spawned.exitCode).toBeNull();
    spawned.kill('SIGKILL');
    await spawned.exited;
    const ids = seen.split('\n').filter((line) => line.length === 36);
    expect(ids.length).toBeGreaterThan(10);
    const store = await openStore();
    for (const id of ids) {
      const found = (await store.get('gateway-0', id)) ?? (await store.get('gateway-1', id));
      expect(found?.bodies?.responseText).toBe(id);
    }
  }, 30_000);
});

describe('bounds', () => {
  test('retention drops whole segments and then single rows, and counts neither twice', async () => {
    const store = await openStore();
    const rule = { limit: 30, strategy: 'DELETE_OLDEST' } as const;
    for (let i = 0; i < 100; i++) {
      const row = logRecord({ createdAtMs: START_MS + i, eventId: `${i}` });
      const done = store.append(row, { request: new Uint8Array(100), response: null, responseText: null }, rule);
      if (i % 9 === 0) await done;
    }
    await store.flush();
    expect(segmentFiles().length).toBeLessThanOrEqual(3);
    const page = await store.list(query({ direction: 'asc', orderBy: 'duration' }));
    expect(names(page)).toEqual(Array.from({ length: 30 }, (_, i) => `${70 + i}`));
    expect((await store.get('gateway-1', logId(START_MS + 70)))?.bodies?.request?.byteLength).toBe(100);
  });

  test('a limit that shrinks takes effect with the next row', async () => {
    const store = await openStore();
    await appendAll(store, numbered(60));
    const rule = { limit: 3, strategy: 'DELETE_OLDEST' } as const;
    await store.append(logRecord({ createdAtMs: START_MS + 60, eventId: '60' }), null, rule);
    expect(names(await store.list(query()))).toEqual(['60', '59', '58']);
    expect(segmentFiles().length).toBe(1);
  });

  test('deleting everything removes the files', async () => {
    const store = await openStore();
    await appendAll(store, numbered(60));
    expect(await store.delete(selection())).toBe(60);
    expect(segmentFiles()).toEqual([]);
  });

  test('a queue that is full loses bodies first, then rows, and both are counted', async () => {
    const store = await openStore({ maxQueueBytes: 50_000 });
    const bodies = { request: new Uint8Array(10_000), response: null, responseText: null };
    for (let i = 0; i < 300; i++) void store.append(logRecord({ createdAtMs: START_MS + i }), bodies, null);
    const full = store.health();
    expect(full.droppedBodies).toBeGreaterThan(100);
    expect(full.droppedRows).toBeGreaterThan(50);
    expect(full.queuedRows + full.droppedRows).toBe(300);
    expect(full.queuedBytes).toBeLessThan(202_000);
    await store.flush();
    expect(store.health()).toMatchObject({ queuedRows: 0, queuedBytes: 0, droppedRows: full.droppedRows });
    const kept = await store.list(query({ perPage: 300 }));
    expect(kept.totalCount).toBe(full.queuedRows);
    const dropped = kept.rows.filter((row) => row.payloadDropped);
    expect(dropped.length).toBe(full.droppedBodies);
    expect((await store.get('gateway-1', dropped[0]?.id ?? ''))?.bodies).toBeNull();
    expect((await store.get('gateway-1', logId(START_MS)))?.bodies?.request?.byteLength).toBe(10_000);
  });

  test('more gateways than open files, each with its own rows', async () => {
    const store = await openStore();
    const keys = Array.from({ length: 100 }, (_, i) => `gateway-${i}`);
    for (const round of [0, 1]) {
      for (const gatewayKey of keys)
        void store.append(logRecord({ gatewayKey, createdAtMs: START_MS + round }), null, null);
      await store.flush();
    }
    for (const gatewayKey of keys) expect((await store.list(query({ gatewayKey }))).totalCount).toBe(2);
  });

  test.each(['../outside', 'UPPER', 'a/b', '', '.', 'ä'.repeat(200)])(
    'the gateway key %p stays below the directory',
    async (gatewayKey) => {
      const store = await openStore();
      await store.append(logRecord({ gatewayKey }), null, null);
      expect((await store.list(query({ gatewayKey }))).totalCount).toBe(1);
      expect(readdirSync(directory).length).toBe(1);
      expect(existsSync(join(directory, '..', 'outside'))).toBe(false);
    },
  );

  test('an id that is no UUID is refused and reported, and nobody waits for it', async () => {
    const store = await openStore();
    await store.append(logRecord({ id: 'not-a-uuid' }), null, null);
    expect(store.health().droppedRows).toBe(1);
    expect(problems).toEqual([expect.stringContaining('not-a-uuid')]);
  });

  test('after close nothing is taken any more', async () => {
    const store = await openStore();
    await store.append(logRecord(), null, null);
    await store.close();
    await store.append(logRecord({ createdAtMs: START_MS + 1 }), null, null);
    expect(store.health().droppedRows).toBe(1);
    const again = await openStore();
    expect((await again.list(query())).totalCount).toBe(1);
  });
});
