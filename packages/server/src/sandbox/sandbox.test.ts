import { expect, test } from 'bun:test';
import { events, HELLO, startSandbox } from '../../../../test/support/sandbox.ts';
import { Fields } from '../lib/index.ts';

const { call } = startSandbox();

test('the same input gives the same bytes, another input another id', async () => {
  const ask = { model: 'echo', messages: HELLO, stream: true };
  const first = await (await call('/v1/chat/completions', ask)).text();
  expect(await (await startSandbox().call('/v1/chat/completions', ask)).text()).toBe(first);
  const other = await (await call('/v1/chat/completions', { ...ask, user: 'b' })).text();
  expect(events(other)[0]?.data).not.toEqual(events(first)[0]?.data);
});

test('the same body on another path gets other ids', async () => {
  const body = { model: 'error-500' };
  const [chat, responses] = await Promise.all([call('/v1/chat/completions', body), call('/v1/responses', body)]);
  expect(chat.headers.get('x-request-id')).not.toBe(responses.headers.get('x-request-id'));
});

test.each(['/v1/chat/completions', 'chat/completions', '/chat/completions/', '/v1/v1/chat/completions'])(
  '%s reaches chat completions',
  async (path) => {
    expect((await call(path, { model: 'echo', messages: HELLO })).status).toBe(200);
  },
);

test('OpenAI errors have the shape its clients parse', async () => {
  const response = await call('/v1/chat/completions', { model: 'gpt-4o', messages: HELLO });
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    error: {
      message: 'The model `gpt-4o` does not exist or you do not have access to it.',
      type: 'invalid_request_error',
      param: null,
      code: 'model_not_found',
    },
  });
});

test('Anthropic errors have the shape its clients parse', async () => {
  const response = await call('/v1/messages', { model: 'claude', max_tokens: 5, messages: HELLO });
  expect(response.status).toBe(404);
  const requestId = response.headers.get('request-id');
  expect(requestId).toStartWith('req_');
  expect(await response.json()).toEqual({
    type: 'error',
    error: { type: 'not_found_error', message: 'model: claude' },
    request_id: requestId,
  });
});

test.each([
  ['/v1/chat/completions', 'error-429', 'error.type', 'requests'],
  ['/v1/chat/completions', 'error-401', 'error.type', 'invalid_request_error'],
  ['/v1/responses', 'error-500', 'error.type', 'server_error'],
  ['/v1/embeddings', 'error-503', 'error.type', 'server_error'],
  ['/v1/messages', 'error-429', 'error.type', 'rate_limit_error'],
  ['/v1/messages', 'error-529', 'error.type', 'overloaded_error'],
  ['/v1/messages/count_tokens', 'error-418', 'error.type', 'invalid_request_error'],
])('%s with %s fails with that status', async (path, model, key, value) => {
  const response = await call(path, { model, messages: HELLO });
  expect(response.status).toBe(Number(model.slice(-3)));
  expect(response.headers.get('retry-after')).toBe(model === 'error-429' ? '1' : null);
  expect(await response.json()).toHaveProperty(key, value);
});

test('flaky-30 fails 30 of 100 calls, with 500 and 503 in turn, and never twice in a row', async () => {
  const { call } = startSandbox();
  const statuses: number[] = [];
  for (let i = 0; i < 100; i++) {
    statuses.push((await call('/v1/chat/completions', { model: 'flaky-30', messages: HELLO })).status);
  }
  expect(statuses.filter((status) => status === 500)).toHaveLength(15);
  expect(statuses.filter((status) => status === 503)).toHaveLength(15);
  for (const [i, status] of statuses.entries()) if (status !== 200) expect(statuses[i + 1] ?? 200).toBe(200);
});

const TEXT = { model: 'echo', messages: HELLO };

test.each([
  ['/v1/chat/completions', { messages: HELLO }, 'model', "Missing required parameter: 'model'."],
  ['/v1/chat/completions', { model: 'echo' }, 'messages', "Missing required parameter: 'messages'."],
  ['/v1/chat/completions', { ...TEXT, messages: 'hi' }, 'messages', "Invalid 'messages': expected an array."],
  [
    '/v1/chat/completions',
    { ...TEXT, messages: [{}] },
    'messages[0].role',
    "Missing required parameter: 'messages[0].role'.",
  ],
  [
    '/v1/chat/completions',
    { ...TEXT, max_tokens: 0 },
    'max_tokens',
    "Invalid 'max_tokens': expected an integer of at least 1.",
  ],
  ['/v1/chat/completions', { ...TEXT, n: 2 }, 'n', "Invalid 'n': the sandbox answers with one choice."],
  ['/v1/chat/completions', { ...TEXT, stream: 'yes' }, 'stream', "Invalid 'stream': expected a boolean."],
  ['/v1/chat/completions', { ...TEXT, tools: {} }, 'tools', "Invalid 'tools': expected an array of objects."],
  [
    '/v1/chat/completions',
    { ...TEXT, stream_options: {} },
    'stream_options',
    "Invalid 'stream_options': only allowed when `stream` is enabled.",
  ],
  ['/v1/responses', { model: 'echo' }, 'input', "Missing required parameter: 'input'."],
  ['/v1/responses', { model: 'echo', input: [{}] }, 'input[0].role', "Missing required parameter: 'input[0].role'."],
  ['/v1/embeddings', { model: 'any' }, 'input', "Missing required parameter: 'input'."],
  [
    '/v1/embeddings',
    { model: 'any', input: 'a', dimensions: 5_000 },
    'dimensions',
    "Invalid 'dimensions': expected at most 4096.",
  ],
])('%s refuses %j, naming %s', async (path, body, param, message) => {
  const response = await call(path, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param, message } });
});

test.each([
  [{ messages: HELLO, max_tokens: 1 }, 'model: Field required'],
  [{ model: 'echo', messages: HELLO }, 'max_tokens: Field required'],
  [{ model: 'echo', max_tokens: 1 }, 'messages: Field required'],
  [
    { model: 'echo', max_tokens: 1, messages: [{ role: 'system', content: '' }] },
    "messages.0.role: expected 'user' or 'assistant'",
  ],
  [{ model: 'echo', max_tokens: 1, messages: [{ role: 'user' }] }, 'messages.0.content: Field required'],
])('messages refuses %j', async (body, message) => {
  const response = await call('/v1/messages', body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message } });
});

test.each(['', '{"model":', '[]', '"text"'])('the body %p is refused', async (body) => {
  const response = await call('/v1/chat/completions', undefined, { method: 'POST', body: Buffer.from(body) });
  expect(response.status).toBe(400);
});

test('a body that is no UTF-8 is refused', async () => {
  const response = await call('/v1/chat/completions', undefined, {
    method: 'POST',
    body: Uint8Array.of(0x22, 0xff, 0x22),
  });
  expect(response.status).toBe(400);
});

test('a prompt beyond the limit is refused before it is counted', async () => {
  const messages = [{ role: 'user', content: 'a'.repeat(1_000_000) }];
  const response = await call('/v1/chat/completions', { model: 'echo', messages });
  expect(response.status).toBe(400);
  expect(await response.json()).toHaveProperty('error.code', 'context_length_exceeded');
});

test.each([
  ['GET', '/v1/chat/completions', 405],
  ['POST', '/v1/models', 405],
  ['POST', '/v1/audio/speech', 404],
  ['POST', '/v1/constructor', 404],
  ['GET', '/', 404],
])('%s %s is %d', async (method, path, status) => {
  const response = await call(path, {}, { method });
  expect(response.status).toBe(status);
  expect(await response.json()).toHaveProperty('error.type', 'invalid_request_error');
});

test('the model list has the shape of the API that asks', async () => {
  const openai = await (await call('/v1/models')).json();
  expect(openai).toMatchObject({
    object: 'list',
    data: expect.arrayContaining([expect.objectContaining({ id: 'echo', object: 'model' })]),
  });
  const anthropic = await (
    await call('/v1/models', undefined, { headers: new Fields({ 'anthropic-version': '2023-06-01' }) })
  ).json();
  expect(anthropic).toMatchObject({ first_id: 'echo', has_more: false });
});

test('a model that the list leaves out can be asked for, an unknown one is 404', async () => {
  expect(await (await call('/v1/models/lorem-7')).json()).toMatchObject({ id: 'lorem-7', owned_by: 'sandbox' });
  expect((await call('/v1/models/gpt-4o')).status).toBe(404);
  expect((await call('/v1/models/%zz')).status).toBe(404);
});
