import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { type RawServer, serveRaw } from '../support/raw-http.ts';

/** SIGKILL at a random moment under load: what the durability rule promises is there after the next start. */

const ANSWER =
  '{"model":"m-1","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';
const CALLERS = 50;
/** A row of a `relaxed` gateway is safe this long after its call's end. */
const RELAXED_MS = 100;

let upstream: RawServer;
beforeAll(async () => {
  upstream = await serveRaw((_request, connection) =>
    connection.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
    ),
  );
});
afterAll(() => upstream.stop());

interface Ended {
  id: string;
  /** When the client had the whole answer. */
  atMs: number;
}

describe.each([
  ['relaxed', 10_000, RELAXED_MS],
  ['strict', 3000, 0],
] as const)('%s', (durability, calls, safeAfterMs) => {
  test('every call that the rule covers is listed, nothing is half-written', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'headgate-crash-'));
    const env = {
      HEADGATE_LOG_DURABILITY: durability,
      HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url }),
    };
    const first = await startHeadgate({ dataDir, env });
    const killAfter = Math.floor(calls * (0.8 + 0.2 * Math.random()));
    const ended = await loadUntilKilled(first, killAfter);
    const killedAtMs = performance.now();
    await first.stop('SIGKILL');

    const second = await startHeadgate({ dataDir, env });
    const listed = await allRows(second);
    const owed = ended.filter((call) => killedAtMs - call.atMs > safeAfterMs);
    expect(owed.length).toBeGreaterThan(0);
    expect(owed.filter((call) => !listed.has(call.id))).toEqual([]);
    for (const [id, row] of listed) {
      expect(row).toMatchObject({
        id,
        provider: 'openai',
        model: 'm-1',
        tokens_in: 3,
        tokens_out: 2,
        outcome: 'success',
      });
    }
    for (const { id } of owed.slice(-20)) {
      const body = await second.api('GET', `ai-gateway/gateways/default/logs/${id}/response`);
      expect(await body.text()).toBe(ANSWER);
    }
    await second.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);
});

/** Calls from many callers at once; kills the server in their midst once `killAfter` calls have ended. */
async function loadUntilKilled(headgate: Headgate, killAfter: number): Promise<Ended[]> {
  const ended: Ended[] = [];
  let killed = false;
  const caller = async () => {
    while (!killed) {
      try {
        const response = await fetch(`${headgate.origin}/v1/local/default/openai/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${headgate.adminToken}` },
          body: '{"model":"m","messages":[]}',
        });
        await response.text();
        if (killed) return;
        ended.push({ id: response.headers.get('cf-aig-log-id') ?? '', atMs: performance.now() });
      } catch (error) {
        if (!killed) throw error;
      }
      if (ended.length >= killAfter && !killed) {
        killed = true;
        headgate.process.kill('SIGKILL');
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return ended;
}

interface Row {
  id: string;
}

async function allRows(headgate: Headgate): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for (let page = 1; ; page++) {
    const answer = await headgate.api('GET', `ai-gateway/gateways/default/logs?per_page=50&page=${page}`);
    const { result } = (await answer.json()) as { result: Row[] };
    if (result.length === 0) return rows;
    for (const row of result) rows.set(row.id, row);
  }
}
