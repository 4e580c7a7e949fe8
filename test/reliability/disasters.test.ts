import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { call, Scene } from './disaster-scene.ts';
import { metricsOf } from './watching.ts';

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
