import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../packages/server/src/lib/index.ts';
import { logId, logRecord } from '../../packages/server/src/stores/contract/index.ts';
import { openSegmentLogStore } from '../../packages/server/src/stores/segments/index.ts';
import { damageTree, loseTree } from '../support/damage.ts';
import { call, Scene } from './disaster-scene.ts';
import { doctor } from './doctor.ts';
import { allRows, metricsOf, until } from './watching.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.make();
});
afterEach(() => scene.dispose());

const aside = (name: string) => readdirSync(scene.dataDir).filter((file) => file.startsWith(`${name}.damaged`));

describe('a file that can be done without is set aside, a line says so, and the server serves', () => {
  const garbage = Buffer.alloc(20_000, 'no database ');
  test.each([
    ['counters.db', 'headgate: limits: '],
    ['cache.db', 'headgate: cache: '],
  ])('%s', async (name, start) => {
    await scene.begin({ cache_ttl: 60, rate_limiting_limit: 1, rate_limiting_interval: 3600 });
    await scene.stop();
    writeFileSync(scene.file(name), garbage);
    const headgate = await scene.start();
    const [kept = ''] = aside(name);
    expect(readFileSync(scene.file(kept)).equals(garbage)).toBe(true);
    const lines = headgate
      .output()
      .split('\n')
      .filter((line) => line.startsWith('headgate: '));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.startsWith(start)).toBe(true);
    expect(lines[0]).toContain(`set aside as ${scene.file(kept)}`);
    expect((await call(headgate)).status).toBe(200);
    expect((await call(headgate)).headers.get('cf-aig-cache-status')).toBe('HIT');
    expect((await call(headgate, { content: 'another' })).status).toBe(429);
    expect((await metricsOf(headgate)).get('headgate_limit_counters_failing')).toBe(0);
    expect(await scene.stop()).toBe(0);
  });
});

describe('a damaged control.db: one line that says what to do, exit 1, and never half a configuration', () => {
  test.each(['entries', 'sqlite_autoindex_entries_1', 'sqlite_autoindex_entries_2'])('%s', async (tree) => {
    await scene.begin();
    await scene.stop();
    const file = scene.file('control.db');
    const sound = readFileSync(file);
    damageTree(file, tree);
    const { code, printed } = await scene.fail();
    expect(printed).toMatch(
      /^headgate: HEADGATE_DATA_DIR: \S+\/control\.db is damaged \([^\n]+\): put a backup[^\n]+\n$/,
    );
    expect(code).toBe(1);
    writeFileSync(file, sound);
    expect((await call(await scene.start())).status).toBe(200);
  });
});

test('the doctor looks at every file, and names the damaged one', async () => {
  const headgate = await scene.begin({ cache_ttl: 60, rate_limiting_limit: 9, rate_limiting_interval: 3600 });
  await call(headgate);
  await scene.stop();
  expect((await doctor(scene.dataDir)).code).toBe(0);
  const [segment = ''] = new Bun.Glob('logs/**/*.db').scanSync(scene.dataDir);
  for (const [name, line] of [
    ['control.db', 'control store'],
    ['counters.db', 'limit counters'],
    ['cache.db', 'answer cache'],
    [segment, 'log segment'],
  ] as const) {
    const sound = readFileSync(scene.file(name));
    writeFileSync(scene.file(name), Buffer.alloc(8192, 'x'));
    const { code, out } = await doctor(scene.dataDir);
    const failing = out.split('\n').filter((printed) => printed.startsWith('FAIL'));
    expect([code, failing.length, failing[0]?.slice(6, 6 + line.length)]).toEqual([1, 1, line]);
    writeFileSync(scene.file(name), sound);
  }
});

describe('a damaged segment of the log is set aside; what stands in the others is listed, and logging goes on', () => {
  /** Rows beside those of the server, in segments of two. */
  async function addRows(count: number): Promise<void> {
    const directory = scene.file('logs');
    const [gatewayKey = ''] = readdirSync(directory);
    const store = await openSegmentLogStore({ directory, clock: systemClock, segmentRows: 2 });
    for (let n = 0; n < count; n++) {
      const createdAtMs = Date.now();
      await store.append(logRecord({ gatewayKey, createdAtMs, id: logId(createdAtMs, n) }), null, null);
    }
    await store.close();
  }

  const harms: [string, (file: string) => void][] = [
    ['no database', (file) => writeFileSync(file, Buffer.alloc(20_000, 'x'))],
    ['cut short', (file) => truncateSync(file, 4096)],
    ['a lost page', (file) => loseTree(file, 'rows')],
  ];
  test.each(harms)('%s', async (_, harm) => {
    let headgate = await scene.begin();
    await call(headgate);
    await call(headgate);
    await scene.stop();
    await addRows(3);
    headgate = await scene.start();
    const before = await allRows(headgate, 'g');
    await scene.stop();
    const segments = [...new Bun.Glob('logs/*/*.db').scanSync(scene.dataDir)].toSorted();
    expect([segments.length, before.length]).toEqual([3, 5]);
    const damaged = scene.file(segments[1] ?? '');
    harm(damaged);

    headgate = await scene.start();
    const left = before.filter((_row, index) => index !== 2 && index !== 3);
    expect(await allRows(headgate, 'g')).toEqual(left);
    expect((await call(headgate)).status).toBe(200);
    await until('the new row', async () => (await allRows(headgate, 'g')).length === left.length + 1);
    expect((await allRows(headgate, 'g')).slice(0, -1)).toEqual(left);
    expect(headgate.output()).toContain(`headgate: logs: log segment set aside: ${damaged}.damaged-1: `);
    const metrics = await metricsOf(headgate);
    expect(metrics.get('headgate_log_damaged_segments_total')).toBe(1);
    expect(metrics.get('headgate_log_failing')).toBe(0);
    expect(existsSync(`${damaged}.damaged-1`)).toBe(true);
    await scene.stop();
    expect((await doctor(scene.dataDir)).out).toMatch(/^FAIL {2}log segment \S+\.damaged-1: damaged, set aside$/m);
  });
});
