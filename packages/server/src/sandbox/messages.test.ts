import { expect, test } from 'bun:test';
import type Anthropic from '@anthropic-ai/sdk';
import { events, rejection, startClients } from '../../../../test/support/sandbox.ts';

const { call, anthropic } = startClients();
const create = anthropic.messages.create.bind(anthropic.messages);
const HELLO = [{ role: 'user' as const, content: 'Say hello' }];
const BASE = { max_tokens: 100, messages: HELLO };
const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};

test('echo repeats the last user message and counts it', async () => {
  const answer = await create({ ...BASE, model: 'echo' });
  expect(answer).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'echo',
    content: [{ type: 'text', text: 'Say hello' }],
    stop_reason: 'end_turn',
    // 3 for the message, 1 for `user`, 2 for the text, 3 that open the answer.
    usage: { input_tokens: 9, output_tokens: 2, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  });
});

test('counting gives what the call reports', async () => {
  const body = { model: 'echo', system: 'Hello, world!', messages: HELLO, tools: [WEATHER] };
  const counted = await anthropic.messages.countTokens(body);
  const answer = await create({ ...body, max_tokens: 10 });
  expect(counted.input_tokens).toBe(answer.usage.input_tokens);
  const plain = await anthropic.messages.countTokens({ model: 'echo', system: 'Hello, world!', messages: HELLO });
  expect(plain.input_tokens).toBe(9 + 3 + 1 + 4);
});

test('max_tokens ends the answer', async () => {
  const answer = await create({ ...BASE, max_tokens: 4, model: 'lorem-10' });
  expect(answer).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 4 } });
});

test('a stream has the events of the API in order, ping included', async () => {
  const response = await call('/v1/messages', { ...BASE, model: 'lorem-2', stream: true });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const seen = events(await response.text());
  expect(seen.map((event) => event.name)).toEqual([
    'message_start',
    'content_block_start',
    'ping',
    'content_block_delta',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  for (const event of seen) expect(event.data).toHaveProperty('type', event.name);
});

test('the client puts a stream together to the plain answer', async () => {
  for (const body of [
    { ...BASE, model: 'lorem-30' },
    { ...BASE, model: 'tool-call', tools: [WEATHER] },
  ]) {
    const final = await anthropic.messages.stream(body).finalMessage();
    const plain = await create(body);
    const said = plain.content.map((block) =>
      block.type === 'text' ? { text: block.text } : { input: { city: 'sandbox' } },
    );
    expect(final).toMatchObject({ content: said, stop_reason: plain.stop_reason, usage: plain.usage });
  }
});

test('tool-call calls a tool, and answers in words once it has a result', async () => {
  const body = { ...BASE, model: 'tool-call', tools: [WEATHER] };
  const called = await create(body);
  expect(called).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'sandbox' } }],
  });
  const messages: Anthropic.MessageParam[] = [
    ...HELLO,
    { role: 'assistant', content: called.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: [{ type: 'text', text: 'sun' }] }] },
  ];
  expect((await create({ ...body, messages })).content).toMatchObject([{ type: 'text', text: 'sun' }]);
});

test('what the user says beside a tool result is answered', async () => {
  const content: Anthropic.ContentBlockParam[] = [
    { type: 'tool_result', tool_use_id: 'x', content: 'sun' },
    { type: 'text', text: 'and tomorrow?' },
  ];
  const answer = await create({ ...BASE, model: 'echo', messages: [{ role: 'user', content }] });
  expect(answer.content).toMatchObject([{ type: 'text', text: 'and tomorrow?' }]);
});

test.each<[string, Anthropic.ToolChoice, string]>([
  ['echo', { type: 'auto' }, 'text'],
  ['echo', { type: 'any' }, 'tool_use'],
  ['echo', { type: 'tool', name: 'get_weather' }, 'tool_use'],
  ['tool-call', { type: 'none' }, 'text'],
])('%s with tool_choice %j answers with %s', async (model, tool_choice, type) => {
  const answer = await create({ ...BASE, model, tools: [WEATHER], tool_choice });
  expect(answer.content[0]?.type).toBe(type as 'text');
});

test('a call that the token limit cut shows an empty input', async () => {
  const answer = await create({ ...BASE, max_tokens: 4, model: 'tool-call', tools: [WEATHER] });
  expect(answer).toMatchObject({ stop_reason: 'max_tokens', content: [{ input: {} }], usage: { output_tokens: 4 } });
});

test('the client raises the error class of the status', async () => {
  expect(await rejection(create({ ...BASE, model: 'error-529' }))).toMatchObject({
    status: 529,
    type: 'overloaded_error',
  });
});

test('the client lists and finds models', async () => {
  const listed = await anthropic.models.list();
  expect(listed.data.map((model) => model.id)).toContain('lorem-200');
  expect(await anthropic.models.retrieve('lorem-7')).toMatchObject({ type: 'model', id: 'lorem-7' });
});
