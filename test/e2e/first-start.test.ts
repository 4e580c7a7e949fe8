import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A newcomer's first minutes: clone, `npm start`, the printed curl, the log; then stop and start again. */

const ROOT = join(import.meta.dir, '../..');
let clone: string;

beforeAll(async () => {
  clone = join(await mkdtemp(join(tmpdir(), 'headgate-first-')), 'headgate');
  await run(['git', 'clone', '--quiet', '--no-hardlinks', ROOT, clone], ROOT);
}, 60_000);

afterAll(() => rm(join(clone, '..'), { recursive: true, force: true }));

test('clone, npm start, the printed curl, and the call is in the log', async () => {
  const first = await npmStart();
  expect(first.output).toMatch(/^account id {6}local$/m);
  const token = /^admin token {5}(\S+)/m.exec(first.output)?.[1] ?? '';
  expect(token.length).toBeGreaterThan(20);

  const curl = first.output
    .slice(first.output.indexOf('  curl '))
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .trim();
  const answer = JSON.parse(await run(['sh', '-c', `${curl} --silent --fail-with-body`], clone));
  expect(answer.choices[0].message.content).toBe('Hello, Headgate!');

  const logs = `${first.origin}/client/v4/accounts/local/ai-gateway/gateways/default/logs`;
  const list = await eventually(async () => {
    const page = (await (await fetch(logs, { headers: { authorization: `Bearer ${token}` } })).json()) as LogPage;
    return page.result.length === 1 ? page : null;
  });
  expect(list.result[0]).toMatchObject({ provider: 'sandbox', model: 'echo', success: true, status_code: 200 });
  expect(list.result[0]?.tokens_out).toBe(answer.usage.completion_tokens);

  expect(await first.stop()).toBe(0);

  const second = await npmStart();
  expect(second.output).not.toContain(token);
  const again = (await (
    await fetch(logs.replace(first.origin, second.origin), { headers: { authorization: `Bearer ${token}` } })
  ).json()) as LogPage;
  expect(again.result_info.total_count).toBe(1);
  expect(await second.stop()).toBe(0);
}, 180_000);

interface LogPage {
  result: { provider: string; tokens_out: number }[];
  result_info: { total_count: number };
}

async function npmStart(): Promise<{ origin: string; output: string; stop: () => Promise<number | null> }> {
  const environment = { ...process.env, HEADGATE_PORT: '0' } as Record<string, string>;
  for (const name of Object.keys(environment)) {
    if (name.startsWith('HEADGATE_') && name !== 'HEADGATE_PORT') delete environment[name];
  }
  const server = Bun.spawn(['npm', 'start', '--silent'], {
    cwd: clone,
    env: environment,
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let output = '';
  for await (const chunk of server.stdout.pipeThrough(new TextDecoderStream())) {
    output += chunk;
    if (output.includes("-d '")) break;
  }
  const origin = /^listening on (\S+)$/m.exec(output)?.[1] ?? '';
  expect(origin).toStartWith('http://127.0.0.1:');
  return {
    origin,
    output,
    stop: async () => {
      server.kill('SIGTERM');
      return server.exited;
    },
  };
}

async function run(command: string[], cwd: string): Promise<string> {
  const child = Bun.spawn(command, { cwd, stdout: 'pipe', stderr: 'inherit' });
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return text;
}

/** Asks until there is an answer: a row is readable shortly after its call, not at once. */
async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
  const until = performance.now() + 5000;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (performance.now() > until) throw new Error('nothing came within 5 s');
  }
}
