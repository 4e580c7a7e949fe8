import { afterEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { gatewayBody } from '../support/builders.ts';
import type { Headgate, HeadgateOptions } from '../support/headgate.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { type SmallDisk, smallDisks } from '../support/small-disks.ts';
import { call, Scene } from './disaster-scene.ts';
import { allRows, metricsOf, processFigures, until } from './watching.ts';

/** Disasters of what a server stands on: its disk, its descriptors, its clock. */

const LIMITED = { rate_limiting_limit: 1000, rate_limiting_interval: 3600 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeScene(disk: SmallDisk | null = null): Promise<Scene> {
  if (disk !== null) cleanups.push(() => disk.remove());
  const scene = await Scene.make(disk?.directory ?? undefined);
  cleanups.push(() => scene.dispose());
  return scene;
}

const metric = async (headgate: Headgate, name: string) => (await metricsOf(headgate)).get(`headgate_${name}`);
const listed = (headgate: Headgate) => allRows(headgate, 'g');
const settings = async (headgate: Headgate) => {
  const answer = await headgate.api('GET', 'ai-gateway/gateways/g');
  return ((await answer.json()) as { result: Record<string, unknown> }).result;
};

describe('a full disk: calls are answered, losses are counted, no change is made by half, and all goes on afterwards', () => {
  test.each(smallDisks())('%s', async (_, make) => {
    const disk = make();
    const scene = await makeScene(disk);
    let headgate = await scene.begin(LIMITED, disk.options);
    await call(headgate);
    await until('the first row', async () => (await listed(headgate)).length === 1);
    const before = await settings(headgate);
    const change = (body: Record<string, unknown>) =>
      headgate.api('PUT', 'ai-gateway/gateways/g', gatewayBody('g', body));

    disk.fill(headgate);
    for (let n = 0; n < 3; n++) {
      // Too large for what the disk may have left over.
      const { status, text } = await call(headgate, { content: `${n}`.repeat(300_000) });
      expect([status, text.includes(`${n}`.repeat(300_000))]).toEqual([200, true]);
    }
    for (const refused of [
      await change({ ...LIMITED, cache_ttl: 77 }),
      await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('other')),
      await headgate.api('POST', 'tokens', { name: 'other', permissions: ['run'] }),
    ]) {
      expect(refused.status).toBe(500);
      expect(await refused.json()).toMatchObject({ success: false, result: null });
    }
    expect(await settings(headgate)).toEqual(before);
    expect((await headgate.api('GET', 'ai-gateway/gateways/other')).status).toBe(404);
    await until('rows are counted as lost', async () => (await metric(headgate, 'log_dropped_rows_total')) === 3);
    expect(await metric(headgate, 'log_failing')).toBe(1);
    await until('counters fail', async () => (await metric(headgate, 'limit_counters_failing')) === 1);
    expect((await fetch(`${headgate.origin}/readyz`)).status).toBe(503);

    disk.free(headgate);
    expect((await change({ ...LIMITED, cache_ttl: 78 })).status).toBe(200);
    expect((await call(headgate)).status).toBe(200);
    await until('logging goes on', async () => (await listed(headgate)).length === 2);
    await until('counters go on', async () => (await metric(headgate, 'limit_counters_failing')) === 0);
    expect(await metric(headgate, 'log_failing')).toBe(0);
    expect((await fetch(`${headgate.origin}/readyz`)).status).toBe(200);
    expect(await scene.stop()).toBe(0);

    headgate = await scene.start(disk.options);
    expect(await settings(headgate)).toMatchObject({ cache_ttl: 78 });
    expect(await listed(headgate)).toHaveLength(2);
    const { headers } = await call(headgate, { content: 'not cached' });
    expect(headers.get('ratelimit-remaining')).toBe(String(LIMITED.rate_limiting_limit - 6));
  });
});

describe('a data directory that cannot be used: one line that names it, and exit 1', () => {
  async function refuses(scene: Scene, options: HeadgateOptions = {}): Promise<void> {
    const { code, printed } = await scene.fail(options);
    expect(printed).toMatch(/^headgate: HEADGATE_DATA_DIR: cannot (open|write to) [^\n]+\n$/);
    expect(printed).toContain(scene.dataDir);
    expect(code).toBe(1);
  }

  test.each(['lock.db', 'control.db', 'counters.db', 'cache.db', 'logs'])('%s cannot be opened', async (name) => {
    const scene = await makeScene();
    if (name === 'logs') writeFileSync(scene.file(name), '');
    else mkdirSync(scene.file(name));
    await refuses(scene);
  });

  test('nothing can be written from the first moment on', async () => {
    const launcher = ['sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"'];
    await refuses(await makeScene(), { launcher });
  });

  // Rights do not bind root; a disk that is mounted so does.
  const ways: [string, () => SmallDisk | null, (scene: Scene, disk: SmallDisk | null) => void][] =
    process.getuid?.() === 0
      ? smallDisks()
          .filter(([, , canBeReadOnly]) => canBeReadOnly)
          .map(([, make]) => ['mounted so', make, (_scene, disk) => disk?.makeReadOnly()])
      : [['no right to write', () => null, ({ dataDir }) => chmodSync(dataDir, 0o500)]];
  for (const [name, make, forbid] of ways) {
    test(`read-only: ${name}`, async () => {
      const disk = make();
      const scene = await makeScene(disk);
      await scene.begin();
      await scene.stop();
      forbid(scene, disk);
      await refuses(scene);
    });
  }
});

test('no descriptor is left: open connections are served, and all is well once the others are gone', async () => {
  const limit = 64;
  const scene = await makeScene();
  const launcher = ['sh', '-c', `ulimit -n ${limit}; exec "$0" "$@"`];
  const env = { HEADGATE_PROVIDER_BASE_URLS: '{"openai":"http://127.0.0.1:9/v1"}', HEADGATE_EGRESS_ALLOW: '127.0.0.1' };
  const headgate = await scene.begin({}, { launcher, env });
  const port = Number(new URL(headgate.origin).port);
  const before = await Connection.open(port);
  expect(await before.call(headgate)).toContain('HTTP/1.1 200');
  // From here on the log's files are open.
  await until('the first row', async () => (await listed(headgate)).length === 1);

  const others = await Promise.all(Array.from({ length: 3 * limit }, () => Connection.open(port)));
  // A request that is not whole: the connection waits for the rest.
  for (const other of others) other.socket.write('GET /healthz HTTP/1.1\r\n');
  await until('all descriptors are in use', () => processFigures(headgate.process.pid).descriptors === limit);
  expect(await before.call(headgate)).toContain('HTTP/1.1 200');
  // The first of this process that goes out.
  expect(await before.call(headgate, 'openai/chat/completions')).toContain('HTTP/1.1 502');
  // What looks after memory four times a second goes on without a descriptor to do so.
  const page = await before.ask(
    'GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n',
    /\nprocess_start_time_seconds \S+\n/,
  );
  expect(page).toContain('\nprocess_resident_memory_bytes -1\n');

  for (const other of others) other.socket.destroy();
  await until('descriptors are free', () => processFigures(headgate.process.pid).descriptors < limit / 2);
  expect((await call(headgate)).status).toBe(200);
  await until('all four rows', async () => (await listed(headgate)).length === 4);
  expect(await metric(headgate, 'log_damaged_segments_total')).toBe(0);
  expect(await metric(headgate, 'log_dropped_rows_total')).toBe(0);
  expect(await scene.stop()).toBe(0);
});

describe('the wall clock jumps: no limit refuses for longer than its window, and each row is kept once', () => {
  const HOUR_MS = 3_600_000;

  test.each(['sliding', 'fixed'] as const)('%s', async (technique) => {
    const scene = await makeScene();
    const clock = new MovableClock(scene.dataDir);
    // Half past: no window of the clock ends during the test.
    const start = HOUR_MS / 2 - (Date.now() % HOUR_MS);
    const moveToHour = (hour: number) => clock.moveTo(start + hour * HOUR_MS);
    moveToHour(0);
    const limits = { rate_limiting_limit: 2, rate_limiting_interval: 3600, rate_limiting_technique: technique };
    let headgate = await scene.begin(limits, clock.options);
    const ids: (string | null)[] = [];
    const next = async () => {
      const { status, headers } = await call(headgate, { content: String(ids.length) });
      ids.push(headers.get('cf-aig-log-id'));
      return { status, retryAfter: Number(headers.get('retry-after')) };
    };
    const useUp = async () => {
      expect([(await next()).status, (await next()).status, (await next()).status]).toEqual([200, 200, 429]);
    };
    const refusesWithinTheWindow = async () => {
      const { status, retryAfter } = await next();
      expect(status).toBe(429);
      expect(retryAfter).toBeWithin(1, 3601);
    };

    await useUp();
    moveToHour(100);
    await useUp();
    moveToHour(10);
    await refusesWithinTheWindow();
    moveToHour(11);
    await useUp();
    await scene.stop();
    moveToHour(5);
    headgate = await scene.start(clock.options);
    await refusesWithinTheWindow();
    moveToHour(6);
    await useUp();

    expect(new Set(ids).size).toBe(ids.length);
    await until('all rows', async () => (await listed(headgate)).length >= ids.length);
    expect((await listed(headgate)).map(({ id }) => id).toSorted()).toEqual(ids.map(String).toSorted());
    for (const id of ids) {
      expect((await headgate.api('GET', `ai-gateway/gateways/g/logs/${id}`)).status).toBe(200);
    }
    expect((await fetch(`${headgate.origin}/readyz`)).status).toBe(200);
    expect(await scene.stop()).toBe(0);
  });
});

/** A connection that stays open between requests. */
class Connection {
  #received = '';

  private constructor(readonly socket: Socket) {
    socket.on('data', (piece) => {
      this.#received += piece.toString();
    });
    // One that the server had no descriptor for is reset at the end.
    socket.on('error', () => {});
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  /** Sends a request and gives the answer's text when `end` stands in it. */
  async ask(request: string, end: RegExp): Promise<string> {
    this.#received = '';
    this.socket.write(request);
    await until(`an answer that ends with ${end}`, () => end.test(this.#received));
    return this.#received;
  }

  call({ adminToken }: Headgate, path = 'sandbox/v1/chat/completions'): Promise<string> {
    const body = JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'hello' }] });
    const head = [
      `POST /v1/local/g/${path} HTTP/1.1`,
      'host: localhost',
      'content-type: application/json',
      `content-length: ${body.length}`,
      'authorization: Bearer sk-client',
      `cf-aig-authorization: Bearer ${adminToken}`,
    ];
    return this.ask(`${head.join('\r\n')}\r\n\r\n${body}`, /\r\n0\r\n\r\n$|\r\n\r\n\{.*\}$/);
  }
}
