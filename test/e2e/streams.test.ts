import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { type RawServer, serveRaw } from '../support/raw-http.ts';

/** Thousands of streams at once through the real server: none refused, memory bounded, nothing left behind. */

const STREAMS = 2000;
const MEBIBYTE = 1024 * 1024;
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const EVENT =
  'data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hello"}}]}\n\n';
const CHUNK = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`;

let upstream: RawServer;
let headgate: Headgate;

beforeAll(async () => {
  // Sends one event and stays open until it is left.
  upstream = await serveRaw(async (_request, connection) => {
    await connection.write(HEAD + CHUNK);
    await connection.closed;
  });
  headgate = await startHeadgate({ env: { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url }) } });
});
afterAll(async () => {
  await headgate.stop();
  await upstream.stop();
});

test('two thousand open streams, ten thousand left ones', async () => {
  const resident: number[] = [];
  for (let round = 0; round < 5; round++) {
    const client = openStreams();
    expect(await client.opened).toBe(STREAMS);
    expect(upstream.openConnections()).toBe(STREAMS);
    resident.push(residentBytes());
    await client.leave();
    await until(() => upstream.openConnections() === 0);
  }
  // Of these, the thread that counts the tokens of what was relayed takes 25.
  expect(Math.max(...resident)).toBeLessThan(240 * MEBIBYTE);
  await until(async () => (await cancelledRows()) === 5 * STREAMS);
  // What ten thousand calls leave behind is less than what two thousand open ones take.
  await until(() => residentBytes() < Math.min(...resident));
}, 120_000);

/** Two thousand streams, held open by a process of their own. */
function openStreams(): { opened: Promise<number>; leave: () => Promise<unknown> } {
  const url = `${headgate.origin}/v1/local/default/openai/chat/completions`;
  const script = join(import.meta.dir, '../support/stream-client.ts');
  const client = Bun.spawn([process.execPath, script, url, headgate.adminToken, String(STREAMS)], {
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '16384' },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const firstLine = async () => {
    for await (const chunk of client.stdout.pipeThrough(new TextDecoderStream())) return chunk;
    throw new Error('the client ended early');
  };
  return {
    opened: firstLine().then((line) => (JSON.parse(line) as { opened: number }).opened),
    leave: async () => {
      await client.stdin.end();
      return client.exited;
    },
  };
}

async function cancelledRows(): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify([{ key: 'outcome', operator: 'eq', value: ['cancelled'] }]));
  const answer = await headgate.api('GET', `ai-gateway/gateways/default/logs?per_page=1&filters=${filters}`);
  return ((await answer.json()) as { result_info: { total_count: number } }).result_info.total_count;
}

/** Resident memory of the server, in bytes. */
function residentBytes(): number {
  const pages = Number(readFileSync(`/proc/${headgate.process.pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4096;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not come to hold within 30 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
