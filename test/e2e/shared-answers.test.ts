import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { gatewayBody } from '../support/builders.ts';
import { openCrowd } from '../support/crowd.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';
import { type RawConnection, type RawServer, serveRaw } from '../support/raw-http.ts';
import { chunk, delta, SSE_HEAD, usageEvent } from '../support/scripted.ts';

/** 500 callers of the running server ask the same at the same time. */

const CALLERS = 500;
let headgate: Headgate;
let upstream: RawServer;
let requests = 0;
let next = Promise.withResolvers<RawConnection>();
/** The answer is whole: its connection may carry the next one. */
let answered = Promise.withResolvers<void>();

beforeAll(async () => {
  upstream = await serveRaw(async (_request, connection) => {
    requests += 1;
    next.resolve(connection);
    await Promise.race([connection.closed, answered.promise]);
  });
  const env = { HEADGATE_PROVIDER_BASE_URLS: JSON.stringify({ openai: upstream.url }) };
  headgate = await startHeadgate({ env });
  const settings = { cache_ttl: 3600, authentication: false };
  const made = await headgate.api('POST', 'ai-gateway/gateways', gatewayBody('shared', settings));
  expect(made.status).toBe(200);
});
afterAll(async () => {
  await headgate.stop();
  await upstream.stop();
});
beforeEach(() => {
  requests = 0;
  next = Promise.withResolvers();
  answered = Promise.withResolvers();
});

/** The callers, after their leader's request has reached the provider and the head of its answer has come back. */
async function crowd(question: string) {
  const body = JSON.stringify({ model: 'm', stream: true, question });
  const url = `${headgate.origin}/v1/local/shared/openai/chat/completions`;
  const headers = { 'content-type': 'application/json' };
  const clients = openCrowd({ url, body, headers, count: CALLERS });
  const provider = await next.promise;
  await provider.write(SSE_HEAD + chunk(delta('0')));
  await Promise.all(clients.map((client) => client.received(delta('0').length)));
  return { clients, provider };
}

/** Rows of the gateway with this outcome, once there are `count` of them. */
async function rowsOf(outcome: string, count: number): Promise<{ cached: boolean; cost: number | null }[]> {
  for (;;) {
    const filters = encodeURIComponent(JSON.stringify([{ key: 'outcome', operator: 'eq', value: [outcome] }]));
    const response = await headgate.api('GET', `ai-gateway/gateways/shared/logs?per_page=50&filters=${filters}`);
    const page = (await response.json()) as { result: []; result_info: { total_count: number } };
    if (page.result_info.total_count >= count) return page.result;
  }
}

test('one call to the provider, 500 complete and identical answers', async () => {
  const { clients, provider } = await crowd('all');
  let expected = delta('0');
  for (let n = 1; n <= 50; n++) {
    expected += delta(String(n));
    await provider.write(chunk(delta(String(n))));
  }
  await provider.write(`${chunk(usageEvent)}0\r\n\r\n`);
  answered.resolve();
  const answers = await Promise.all(clients.map((client) => client.whole));
  expect(new Set(answers.map(({ body }) => body))).toEqual(new Set([expected + usageEvent]));
  expect(answers.every(({ complete }) => complete)).toBe(true);
  const statuses = answers.map(({ head }) => /cf-aig-cache-status: (\w+)/i.exec(head)?.[1]);
  expect([statuses.filter((status) => status === 'MISS').length, requests]).toEqual([1, 1]);
  const ids = new Set(answers.map(({ head }) => /cf-aig-log-id: (\S+)/i.exec(head)?.[1]));
  expect(ids.size).toBe(CALLERS);
  await rowsOf('success', CALLERS);
});

test('499 leave: the last one’s answer goes on to its end', async () => {
  const { clients, provider } = await crowd('one stays');
  const [last, ...leaving] = clients.reverse();
  for (const client of leaving) client.leave();
  await rowsOf('cancelled', CALLERS - 2);
  await provider.write(`${chunk(delta('1'))}${chunk(usageEvent)}0\r\n\r\n`);
  answered.resolve();
  expect(await last?.whole).toMatchObject({ body: delta('0') + delta('1') + usageEvent, complete: true });
  expect(requests).toBe(1);
});

test('the last one leaves: the provider’s request ends', async () => {
  const { clients, provider } = await crowd('none stays');
  for (const client of clients) client.leave();
  await provider.closed;
  expect(requests).toBe(1);
});
