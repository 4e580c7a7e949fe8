import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** The addresses that the Workers AI binding calls. */

let headgate: Headgate;
beforeAll(async () => {
  headgate = await startHeadgate();
});
afterAll(() => headgate.stop());

const call = (method: string, path: string, body?: unknown) =>
  fetch(`${headgate.origin}/ai-gateway/${path}`, {
    method,
    headers: { authorization: `Bearer ${headgate.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test('a universal run, its log row, a change of it, and addresses as objects', async () => {
  const query = { model: 'echo', messages: [{ role: 'user', content: 'Hi' }] };
  const ran = await call('POST', 'universal/run/default', [
    { provider: 'sandbox', endpoint: 'v1/chat/completions', headers: {}, query },
  ]);
  expect([ran.status, ran.headers.get('cf-aig-step')]).toEqual([200, '0']);
  expect((await ran.json()).choices[0].message.content).toBe('Hi');
  const log = `gateways/default/logs/${ran.headers.get('cf-aig-log-id')}`;
  const until = performance.now() + 5000;
  while ((await call('GET', log)).status !== 200)
    if (performance.now() > until) throw new Error('the row did not come');
  expect((await call('PATCH', log, { feedback: 1 })).status).toBe(200);
  expect((await (await call('GET', log)).json()).result).toMatchObject({ provider: 'sandbox', feedback: 1 });
  const url = async (provider: string) => (await (await call('GET', `gateways/default/url/${provider}`)).json()).result;
  expect(await url('openai')).toEqual({ url: `${headgate.origin}/v1/local/default/openai` });
  expect(await url('universal')).toEqual({ url: `${headgate.origin}/v1/local/default/` });
});

test('a gateway may be called url: only the address of a provider becomes an object', async () => {
  const settings = {
    cache_invalidate_on_update: false,
    cache_ttl: 0,
    collect_logs: true,
    rate_limiting_interval: 0,
    rate_limiting_limit: 0,
  };
  expect((await call('POST', 'gateways', { id: 'url', ...settings })).status).toBe(200);
  expect((await (await call('GET', 'gateways/url/logs')).json()).result).toEqual([]);
  expect((await (await call('GET', 'gateways/url')).json()).result).toMatchObject({ id: 'url' });
  const { result } = await (await call('GET', 'gateways/url/url/openai')).json();
  expect(result).toEqual({ url: `${headgate.origin}/v1/local/url/openai` });
});

test('a client that leaves a stream ends it', async () => {
  const leaving = new AbortController();
  const query = { model: 'stall', stream: true, messages: [{ role: 'user', content: 'Hi' }] };
  const response = await fetch(`${headgate.origin}/ai-gateway/universal/run/default`, {
    method: 'POST',
    headers: { 'cf-aig-authorization': `Bearer ${headgate.adminToken}` },
    body: JSON.stringify([{ provider: 'sandbox', endpoint: 'v1/chat/completions', headers: {}, query }]),
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
  const log = `gateways/default/logs/${response.headers.get('cf-aig-log-id')}`;
  const until = performance.now() + 5000;
  let row = await call('GET', log);
  while (row.status !== 200 && performance.now() < until) row = await call('GET', log);
  expect((await row.json()).result.outcome).toBe('cancelled');
});

test('a log that there is not: 404 with the message that the binding shows', async () => {
  const missing = await call('GET', 'gateways/default/logs/01a2018d-159a-7708-988e-ec5ebca55a74');
  expect([missing.status, typeof (await missing.json()).errors[0].message]).toEqual([404, 'string']);
});

test('without a token nothing is served', async () => {
  const statuses = await Promise.all(
    [
      `${headgate.origin}/ai-gateway/gateways/default/url/openai`,
      `${headgate.origin}/ai-gateway/gateways/default/logs`,
    ].map((url) => fetch(url)),
  );
  expect(statuses.map(({ status }) => status)).toEqual([401, 401]);
});
