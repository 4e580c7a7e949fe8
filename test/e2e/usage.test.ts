import { afterAll, beforeAll, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { type Headgate, startHeadgate } from '../support/headgate.ts';

/** Where a row's counters come from, through the real server, the official client and the management API. */

let headgate: Headgate;
beforeAll(async () => {
  headgate = await startHeadgate();
});
afterAll(async () => {
  await headgate.stop();
});

const SETTINGS = {
  cache_invalidate_on_update: false,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};

/** Creates a gateway, streams one answer through it, and gives the chunks and the row. */
async function stream(id: string, { settings = {}, model = 'lorem-30', asking = {} }) {
  const made = await headgate.api('POST', 'ai-gateway/gateways', { id, ...SETTINGS, ...settings });
  expect(made.status).toBe(200);
  const client = new OpenAI({
    apiKey: 'none',
    baseURL: `${headgate.origin}/v1/local/${id}/sandbox/v1`,
    defaultHeaders: { 'cf-aig-authorization': `Bearer ${headgate.adminToken}` },
    maxRetries: 0,
  });
  const messages = [{ role: 'user' as const, content: 'Say something' }];
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  try {
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, ...asking }))
      chunks.push(chunk);
  } catch (error) {
    expect(model).toStartWith('cut');
    expect(error).toBeInstanceOf(Error);
  }
  for (;;) {
    const { result } = await (await headgate.api('GET', `ai-gateway/gateways/${id}/logs`)).json();
    if (result.length > 0) return { chunks, row: result[0] };
  }
}

test('a stream that nobody asked for its usage is estimated, one that was asked for it is not', async () => {
  const asked = await stream('asked', { asking: { stream_options: { include_usage: true } } });
  const usage = asked.chunks.at(-1)?.usage;
  expect(asked.row).toMatchObject({
    tokens_in: usage?.prompt_tokens ?? -1,
    tokens_out: usage?.completion_tokens ?? -1,
    usage_source: 'provider',
    estimated: false,
  });

  const unasked = await stream('unasked', {});
  expect(unasked.chunks.filter((chunk) => 'usage' in chunk)).toEqual([]);
  expect(unasked.row).toMatchObject({ usage_source: 'estimated', estimated: true });
  expect(unasked.row.tokens_in).toBeGreaterThan(7);
  expect(unasked.row.tokens_out).toBeGreaterThan(10);

  const injected = await stream('injected', { settings: { stream_usage: 'inject' } });
  expect(injected.chunks.filter((chunk) => 'usage' in chunk)).toEqual([]);
  expect(injected.chunks.length).toBe(unasked.chunks.length);
  const { tokens_in, tokens_out } = asked.row;
  expect(injected.row).toMatchObject({ tokens_in, tokens_out, usage_source: 'provider', estimated: false });
});

test('a stream that breaks off is counted as far as it came', async () => {
  const { row } = await stream('cut', { model: 'cut-10' });
  expect(row).toMatchObject({ outcome: 'truncated', usage_source: 'relayed', estimated: true });
  expect(row.tokens_out).toBeGreaterThan(0);
});
