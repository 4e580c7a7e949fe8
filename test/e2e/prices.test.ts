import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Client, createClient } from '../../packages/client/src/index.ts';
import { runHeadgate } from '../support/command.ts';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** Money end to end: an own price, the cost of the next call with its bill, and past calls repriced from the command line. */

let server: Headgate;
let client: Client;
beforeAll(async () => {
  server = await startHeadgate();
  client = createClient({ baseUrl: server.origin, token: server.adminToken });
});
afterAll(() => server.stop());

/** One call; gives the log with its bill. */
async function call(model: string) {
  const response = await fetch(`${server.origin}/v1/local/default/sandbox/v1/chat/completions`, {
    method: 'POST',
    headers: { 'cf-aig-authorization': `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  await response.text();
  const id = response.headers.get('cf-aig-log-id') ?? '';
  for (;;) {
    const found = await client.safe.logs.get({ gateway_id: 'default', id });
    if (found.ok) return found.value;
  }
}

const headgate = (...args: string[]) =>
  runHeadgate(args, {
    cwd: server.dataDir,
    env: { HEADGATE_URL: server.origin, HEADGATE_TOKEN: server.adminToken },
  });

test('a price set at the command line prices the next call, and a repricing the ones before', async () => {
  const before = await call('echo');
  expect([before.cost, before.cost_breakdown]).toEqual([null, null]);

  const set = ['prices', 'set', 'sandbox', 'echo', '--set', 'rates.input=0.00000000001', '--set', 'rates.output=2e-6'];
  expect(await headgate(...set)).toMatchObject({ code: 0, err: '' });
  const priced = await call('echo');
  const [input, output] = [priced.tokens_in ?? 0, priced.tokens_out ?? 0];
  const total = (input * 10 + output * 2_000_000) / 1e12;
  const { version } = await client.prices.get({ provider: 'sandbox', model: 'echo' });
  expect(priced.cost).toBe(total);
  expect(priced.cost_breakdown).toEqual({
    total,
    currency: 'USD',
    price_version: version,
    source: 'override',
    components: [
      { component: 'input', units: input, unit_price: '0.00000000001', cost: (input * 10) / 1e12 },
      { component: 'output', units: output, unit_price: '0.000002', cost: (output * 2_000_000) / 1e12 },
    ],
  });

  const reprice = (...more: string[]) => headgate('logs', 'reprice', '--since', '2020-01-01', ...more);
  const dry = await reprice('--dry-run');
  expect([dry.code, dry.err]).toEqual([0, '']);
  expect(dry.out).toContain('2 rows seen, 1 would change');
  expect((await client.logs.get({ gateway_id: 'default', id: before.id })).cost).toBeNull();
  const done = await reprice();
  expect(done.out).toContain('2 rows seen, 1 changed');
  expect(done.out).toMatch(/sandbox +echo +2 +1 +1 +0 +\+\$0\.00/);
  const after = await client.logs.get({ gateway_id: 'default', id: before.id });
  expect(after).toEqual({ ...before, cost: after.cost, cost_breakdown: after.cost_breakdown });
  expect(after.cost_breakdown).toEqual(priced.cost_breakdown);
  expect((await reprice('--json')).out).toContain('"changed": 0');

  expect((await headgate('prices', 'list')).out).toContain('echo');
  expect(await headgate('prices', 'delete', 'sandbox', 'echo')).toMatchObject({ code: 0 });
  expect((await call('echo')).cost).toBeNull();
}, 60_000);

test('a name with slashes is one model', async () => {
  const model = '@cf/meta/llama 3%';
  expect(await headgate('prices', 'set', 'workers-ai', model, '--set', 'rates.input=0')).toMatchObject({ code: 0 });
  expect((await headgate('prices', 'get', 'workers-ai', model)).out).toContain(model);
  expect((await client.prices.delete({ provider: 'workers-ai', model })).model).toBe(model);
}, 60_000);

test('a time that is none, and a price that is none, are named', async () => {
  const late = await headgate('logs', 'reprice', '--since', 'yesterday');
  expect([late.code, late.err]).toEqual([1, expect.stringContaining('--since')]);
  const negative = await headgate('prices', 'set', 'openai', 'gpt-4o', '--set', 'rates.input=-1');
  expect([negative.code, negative.err]).toEqual([1, expect.stringContaining('rates.input')]);
}, 60_000);
