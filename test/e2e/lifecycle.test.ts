import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, runHeadgate } from '../support/command.ts';
import { startHeadgate } from '../support/headgate.ts';
import { serveRaw } from '../support/raw-http.ts';

/** Starting, stopping, and the command line, as an operator meets them. */

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'headgate-life-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const headgate = (args: string[], env: Record<string, string> = {}) =>
  runHeadgate(args, { cwd: home, env: { HEADGATE_DATA_DIR: join(home, 'data'), ...env } });

describe('what cannot work ends with one line that names it, and exit 1', () => {
  test('a port in use, also by another headgate; the admin token is not used up by it', async () => {
    const other = await startHeadgate();
    const { port } = new URL(other.origin);
    const dataDir = await mkdtemp(join(tmpdir(), 'headgate-life-'));
    const { code, out, err } = await headgate(['serve'], { HEADGATE_PORT: port, HEADGATE_DATA_DIR: dataDir });
    expect([code, out, err]).toEqual([1, '', `headgate: HEADGATE_PORT: 127.0.0.1:${port} is in use\n`]);
    await other.stop();
    const again = Bun.spawn([process.execPath, MAIN, 'serve'], {
      cwd: home,
      env: {
        PATH: process.env.PATH ?? '',
        BUN_CONFIG_MAX_HTTP_REQUESTS: '1024',
        HEADGATE_DATA_DIR: dataDir,
        HEADGATE_PORT: '0',
      },
      stdout: 'pipe',
      stderr: 'ignore',
    });
    let greeting = '';
    for await (const chunk of again.stdout.pipeThrough(new TextDecoderStream())) {
      greeting += chunk;
      if (greeting.includes('admin token')) break;
    }
    expect(greeting).toMatch(/^admin token {5}hg_\w{40} /m);
    again.kill('SIGKILL');
    await again.exited;
    await rm(dataDir, { recursive: true, force: true });
  });

  test('a data directory that cannot be written', async () => {
    await writeFile(join(home, 'a-file'), '');
    const { code, err } = await headgate(['serve'], { HEADGATE_DATA_DIR: join(home, 'a-file', 'data') });
    expect([code, err]).toEqual([
      1,
      `headgate: HEADGATE_DATA_DIR: cannot write to ${join(home, 'a-file', 'data')} (ENOTDIR)\n`,
    ]);
  });

  test('a data directory that another process uses', async () => {
    const running = await startHeadgate();
    const { code, err } = await headgate(['serve'], { HEADGATE_DATA_DIR: running.dataDir, HEADGATE_PORT: '0' });
    expect([code, err]).toEqual([
      1,
      `headgate: HEADGATE_DATA_DIR: ${running.dataDir} is in use by another headgate process\n`,
    ]);
    await running.stop();
  });

  test('a malformed setting', async () => {
    const { code, err } = await headgate(['serve'], { HEADGATE_PORT: 'eighty' });
    expect([code, err]).toEqual([
      1,
      'headgate: HEADGATE_PORT: expected a whole number from 0 to 65535, got "eighty"\n',
    ]);
  });

  test('a damaged control database', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'headgate-life-'));
    await writeFile(
      join(dataDir, 'control.db'),
      'this is no database, although it is long enough to be taken for one'.repeat(100),
    );
    const { code, err } = await headgate(['serve'], { HEADGATE_DATA_DIR: dataDir, HEADGATE_PORT: '0' });
    expect(code).toBe(1);
    expect(err).toMatch(/^headgate: [^\n]*control\.db[^\n]*\n$/);
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('SIGTERM and SIGINT let running calls end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s', async (signal) => {
    const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begins } = Promise.withResolvers<void>();
    const upstream = await serveRaw(async (_request, connection) => {
      await connection.write(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n',
      );
      begins();
      await release;
      await connection.write('4\r\nlast\r\n0\r\n\r\n');
    });
    const running = await startHeadgate({
      env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url }) },
    });
    const headers = { 'cf-aig-authorization': `Bearer ${running.adminToken}` };
    const response = await fetch(`${running.origin}/v1/local/default/openai/x`, {
      method: 'POST',
      body: '{}',
      headers,
    });
    await begun;
    running.process.kill(signal);
    // A terminal signals the whole group, and npm hands it on: one Ctrl-C may come twice.
    running.process.kill(signal);
    while (!running.output().includes(signal)) await new Promise((resolve) => setImmediate(resolve));
    expect(fetch(`${running.origin}/healthz`).then((late) => late.status)).rejects.toThrow();
    letGo();
    expect(await response.text()).toBe('firstlast');
    expect(await running.process.exited).toBe(0);
    await running.stop();
    await upstream.stop();
  });

  test('what was logged before the stop is there after the start', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'headgate-life-'));
    const first = await startHeadgate({ dataDir });
    const headers = { 'cf-aig-authorization': `Bearer ${first.adminToken}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'Hi' }] });
    const call = await fetch(`${first.origin}/v1/local/default/sandbox/v1/chat/completions`, {
      method: 'POST',
      headers,
      body,
    });
    await call.text();
    expect(await first.stop()).toBe(0);
    const second = await startHeadgate({ dataDir });
    const row = await second.api('GET', `ai-gateway/gateways/default/logs/${call.headers.get('cf-aig-log-id')}`);
    expect(row.status).toBe(200);
    await second.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('the command line', () => {
  test('--help names the commands', async () => {
    const { code, out } = await headgate(['--help']);
    expect(code).toBe(0);
    for (const name of ['serve', 'doctor', 'token']) expect(out).toContain(name);
  });

  test('an unknown command is an error', async () => {
    expect((await headgate(['sevre'])).code).toBe(1);
  });

  test('a token made beside a running server works at once, and no more when it is revoked', async () => {
    const running = await startHeadgate();
    const env = { HEADGATE_DATA_DIR: running.dataDir };
    const made = await headgate(['token', 'create', '--name', 'ci', '--permissions', 'run'], env);
    expect(made.code).toBe(0);
    const token = made.out.trim();
    const call = () =>
      fetch(`${running.origin}/v1/local/default/sandbox/v1/models`, {
        headers: { 'cf-aig-authorization': `Bearer ${token}` },
      });
    const statusBecomes = async (status: number) => {
      const until = performance.now() + 5000;
      while ((await call()).status !== status)
        if (performance.now() > until) throw new Error(`the status did not become ${status}`);
    };
    await statusBecomes(200);
    const listed = await headgate(['token', 'list'], env);
    const line = listed.out.split('\n').find((text) => text.includes('\tci\t')) ?? '';
    expect(line).not.toContain(token);
    const id = line.split('\t')[0] ?? '';
    expect((await headgate(['token', 'revoke', id], env)).code).toBe(0);
    await statusBecomes(401);
    expect((await headgate(['token', 'revoke', id], env)).err).toBe(`headgate: token ${id}: there is none\n`);
    await running.stop();
  });

  test('a permission that there is not is named', async () => {
    const { code, err } = await headgate(['token', 'create', '--name', 'x', '--permissions', 'fly']);
    expect([code, err]).toEqual([1, 'headgate: --permissions: "fly" is none of read, edit, run, metadata-read\n']);
  });

  test('doctor finds a sound installation sound, and says what is wrong with another', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'headgate-life-'));
    const env = { HEADGATE_DATA_DIR: dataDir };
    expect((await headgate(['token', 'create', '--name', 'x'], env)).code).toBe(0);
    const sound = await headgate(['doctor'], env);
    expect([sound.code, sound.out.includes('FAIL')]).toEqual([0, false]);
    await writeFile(join(dataDir, 'control.db'), 'garbage'.repeat(1000));
    const broken = await headgate(['doctor'], env);
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/^FAIL {2}control store: /m);
    const misset = await headgate(['doctor'], { HEADGATE_PORT: 'x' });
    expect([misset.code, misset.out]).toEqual([1, expect.stringMatching(/^FAIL {2}configuration: HEADGATE_PORT: /)]);
    await rm(dataDir, { recursive: true, force: true });
  });

  test('doctor --reach tries the providers named', async () => {
    const upstream = await serveRaw((_request, connection) =>
      connection.write('HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n'),
    );
    const bases = JSON.stringify({ openai: upstream.url, groq: 'http://127.0.0.1:1' });
    const { code, out } = await headgate(['doctor', '--reach', 'openai,groq'], { HEADGATE_PROVIDER_BASE_URLS: bases });
    expect(code).toBe(1);
    expect(out).toContain(`ok    reach openai at ${upstream.url} (answered 401)`);
    expect(out).toContain('FAIL  reach groq at http://127.0.0.1:1: connect_refused');
    await upstream.stop();
  });
});
