import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from '../support/command.ts';
import { gatewayBody } from '../support/builders.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** `headgate keys rotate`, as an operator meets it. */

const STRIPE = 'Bearer canary-of-the-rotation';
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'headgate-keys-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function spawn(args: string[], env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, MAIN, 'keys', 'rotate', ...args], {
    cwd: dataDir,
    env: {
      PATH: process.env.PATH ?? '',
      BUN_CONFIG_MAX_HTTP_REQUESTS: '16384',
      BUN_JSC_forceRAMSize: '536870912',
      HEADGATE_DATA_DIR: dataDir,
      ...env,
    },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
}

async function rotate(args: string[] = [], env: Record<string, string> = {}): Promise<{ code: number; err: string }> {
  const child = spawn(args, env);
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { code, err };
}

async function makeGateways(server: Headgate, count: number): Promise<void> {
  const stripe = { authorization: STRIPE, usage_events: [] };
  for (let n = 0; n < count; n++) {
    const made = await server.api('POST', 'ai-gateway/gateways', gatewayBody(`g${n}`, { stripe }));
    expect(made.status).toBe(200);
  }
}

async function secretsRead(server: Headgate): Promise<string[]> {
  const { result } = (await (await server.api('GET', 'ai-gateway/gateways?per_page=100')).json()) as {
    result: { stripe: { authorization: string } }[];
  };
  return result.map(({ stripe }) => stripe.authorization);
}

const keyFile = () => readFile(join(dataDir, 'master.key'), 'utf8');

test('secrets and tokens work on after a rotation, the key is another one', async () => {
  const first = await startHeadgate({ dataDir });
  await makeGateways(first, 2);
  expect(await rotate()).toEqual({
    code: 1,
    err: `headgate: HEADGATE_DATA_DIR: ${dataDir} is in use by another headgate process\n`,
  });
  await first.stop();
  const before = await keyFile();
  const { code, err } = await rotate();
  expect([code, err]).toEqual([0, 'the master key is replaced; 3 encrypted records are wrapped with the new one\n']);
  expect(await keyFile()).not.toBe(before);
  const second = await startHeadgate({ dataDir });
  expect(await secretsRead(second)).toEqual([STRIPE, STRIPE]);
  await second.stop();
});

test('a key of the operator’s own, as text or in a file, for a kept key or a given one', async () => {
  const [kept, given, last] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [
    string,
    string,
    string,
  ];
  await (await startHeadgate({ dataDir })).stop();
  expect((await rotate(['--new-key', kept])).code).toBe(0);
  expect(await keyFile()).toBe(kept);
  expect((await rotate(['--new-key', kept])).err).toBe('headgate: --new-key: this is the key in use\n');
  await rm(join(dataDir, 'master.key'));
  const env = { HEADGATE_MASTER_KEY: kept };
  expect((await rotate([], env)).err).toMatch(/^headgate: --new-key: needed/);
  await writeFile(join(dataDir, 'new'), `${given}\n`);
  const { code, err } = await rotate(['--new-key', join(dataDir, 'new')], env);
  expect([code, err]).toEqual([0, expect.stringContaining('set HEADGATE_MASTER_KEY to the new key')]);
  expect((await rotate(['--new-key', last], env)).err).toContain('The master key is not the one');
  const server = await startHeadgate({ dataDir, env: { HEADGATE_MASTER_KEY: given } });
  await server.stop();
});

test('what is no key is refused, and not repeated', async () => {
  await writeFile(join(dataDir, 'short'), 'c2hvcnQ=');
  for (const text of ['nonsense-canary', join(dataDir, 'short')]) {
    const { code, err } = await rotate(['--new-key', text]);
    expect(code).toBe(1);
    expect(err).toMatch(/^headgate: --new-key: [^\n]+\n$/);
    expect(err).not.toContain('canary');
  }
});

test('killed at any moment, the next start works with everything there', async () => {
  let server = await startHeadgate({ dataDir });
  await makeGateways(server, 40);
  for (let round = 0; round < 4; round++) {
    await server.stop();
    const child = spawn([]);
    const timer = setTimeout(() => child.kill('SIGKILL'), 60 + Math.random() * 300);
    await child.exited;
    clearTimeout(timer);
    server = await startHeadgate({ dataDir });
    expect(new Set(await secretsRead(server))).toEqual(new Set([STRIPE]));
  }
  await server.stop();
}, 120_000);
