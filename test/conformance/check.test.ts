import { expect, test } from 'bun:test';
import type { Recording } from '../support/recordings.ts';
import { check } from './check.ts';
import { format, summarise } from './report.ts';

const RECORDING: Recording = {
  id: 'openai.chat.1',
  provider: 'openai',
  vendor: null,
  kind: 'chat',
  dialect: 'openai-chat',
  streaming: false,
  stream_format: null,
  request: {
    method: 'POST',
    url: 'https://api.openai.com/v1/chat/completions?x=1',
    headers: { 'content-type': 'application/json' },
    model: 'm',
    body: { model: 'm' },
    body_encoding: 'json',
  },
  response: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":"ü"}', body_encoding: 'utf8' },
  expected: {
    model: 'm-1',
    tokens_in: 3,
    tokens_out: null,
    tokens_total: 3,
    tokens_in_full: 3,
    cache_read_tokens: null,
    cache_write_tokens: null,
    finish_reason: 'stop',
    reasoning_tokens: 0,
    text: null,
    tool_calls: [],
    error: null,
    stream: null,
  },
};

const ROW = {
  status_code: 200,
  success: true,
  model: 'm-1',
  finish_reason: 'stop',
  error: null,
  streamed: false,
  response_head: null,
  response_head_complete: false,
  tokens_in: 3,
  tokens_out: null,
  usage_metadata: { total_tokens: 3, output_reasoning_tokens: 0 },
};

/** A gateway that answers with the given response and shows the given row, at its second reading. */
async function checkAgainst(answer: Response, row: Record<string, unknown>, recording = RECORDING) {
  const asked: string[] = [];
  let readings = 0;
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      asked.push(
        `${request.method} ${new URL(request.url).pathname}${new URL(request.url).search} ${await request.text()}`,
      );
      answer.headers.set('cf-aig-log-id', 'log-1');
      return answer;
    },
  });
  const api = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    readings += 1;
    return readings === 1 ? new Response('', { status: 404 }) : Response.json({ result: { ...ROW, ...row } });
  };
  const headgate = { origin: server.url.origin, accountId: 'local', api };
  const outcome = await check({ recording, chunks: 'whole', headgate, gatewayId: 'g', readLog: true });
  await server.stop(true);
  return { ...outcome, asked };
}

const good = () => new Response(RECORDING.response.body, { headers: { 'content-type': 'application/json' } });

test('the recorded request goes to the path of its provider, and its row is read until it is there', async () => {
  const { asked, wire, log } = await checkAgainst(good(), {});
  expect(asked).toEqual([
    'POST /v1/local/g/openai/chat/completions?x=1 {"model":"m"}',
    'GET ai-gateway/gateways/g/logs/log-1',
    'GET ai-gateway/gateways/g/logs/log-1',
  ]);
  expect({ wire, log }).toEqual({ wire: [], log: [] });
});

test.each<[string, Response, string]>([
  [
    'one byte',
    new Response('{"a":"u"}', { headers: { 'content-type': 'application/json' } }),
    'body is "9 of 10 bytes, first difference at 6',
  ],
  [
    'a missing end',
    new Response('{"a":', { headers: { 'content-type': 'application/json' } }),
    'body is "5 of 10 bytes, first difference at 5',
  ],
  [
    'the status',
    new Response('{"a":"ü"}', { status: 201, headers: { 'content-type': 'application/json' } }),
    'status is 201, expected 200',
  ],
  [
    'the content type',
    new Response('{"a":"ü"}', { headers: { 'content-type': 'text/plain' } }),
    'content-type is "text/plain", expected "application/json"',
  ],
])('a difference in %s is found', async (_, answer, difference) => {
  const { wire } = await checkAgainst(answer, {});
  expect(wire).toHaveLength(1);
  expect(wire[0]).toStartWith(difference);
});

test.each<[Record<string, unknown>, string]>([
  [{ tokens_in: null }, 'tokens_in is null, expected 3'],
  [{ tokens_out: 0 }, 'tokens_out is 0, expected null'],
  [{ model: 'm' }, 'model is "m", expected "m-1"'],
  [{ success: false }, 'success is false, expected true'],
  [{ finish_reason: null }, 'finish_reason is null, expected "stop"'],
  [{ error: { message: 'm' } }, 'error.message is "m", expected null'],
  [
    { usage_metadata: { total_tokens: 3, output_reasoning_tokens: 0, input_cache_write_tokens: 1 } },
    'usage_metadata.input_cache_write_tokens is 1, expected null',
  ],
  [{ usage_metadata: { total_tokens: 3 } }, 'usage_metadata.output_reasoning_tokens is null, expected 0'],
  [
    { usage_metadata: { total_tokens: 3, output_reasoning_tokens: 0, input_cached_tokens: 0 } },
    'usage_metadata.input_cached_tokens is 0, expected null',
  ],
])('a row with %j is wrong', async (row, difference) => {
  expect((await checkAgainst(good(), row)).log).toEqual([difference]);
});

test.each<[Record<string, unknown>, string[]]>([
  [{ response_head: 'Hello', response_head_complete: true }, []],
  [{ response_head: 'Hel', response_head_complete: false }, []],
  [{ response_head: 'Hel', response_head_complete: true }, ['text is "Hel", expected "Hello"']],
  [{ response_head: 'Help', response_head_complete: false }, ['text is "Help", expected "Hell"']],
  [{ response_head: null, response_head_complete: true }, ['text is "", expected "Hello"']],
])('the text of a streamed row %j is compared as far as it is shown', async (row, differences) => {
  const recording = { ...RECORDING, expected: { ...RECORDING.expected, text: 'Hello' } };
  expect((await checkAgainst(good(), { streamed: true, ...row }, recording)).log).toEqual(differences);
});

test('without a model in the answer the one that was asked for is expected', async () => {
  const recording = { ...RECORDING, expected: { ...RECORDING.expected, model: null } };
  expect((await checkAgainst(good(), {}, recording)).log).toEqual(['model is "m-1", expected "m"']);
});

test('the summary counts by provider and kind and lists what failed', async () => {
  const passed = { id: 'a', provider: 'p', kind: 'k', dialect: 'd', chunks: 'whole', wire: [], log: [] };
  const failed = { ...passed, id: 'b', kind: 'l', wire: ['status is 1, expected 2'] };
  const unread = { ...passed, id: 'c', log: null };
  const summary = summarise([passed, failed, unread]);
  expect(summary).toMatchObject({ calls: 3, bodiesIdentical: 2, usageCorrect: 2, logsRead: 2, failures: [failed] });
  expect(format(summary).split('\n')).toEqual([
    'provider  kind  calls  identical  usage correct',
    'p         k         2          2            1/1',
    'p         l         1          0            1/1',
    'all                 3          2            2/2',
    '',
    'failed calls: 1',
    '',
    'b (d, sent as whole)',
    '  status is 1, expected 2',
  ]);
});
