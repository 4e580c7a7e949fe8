import { expect, test } from 'bun:test';
import type OpenAI from 'openai';
import { events, rejection, startClients } from '../../../../test/support/sandbox.ts';
import { loadTokenizer } from './tokens.ts';

const { call, openai } = startClients();
const create = openai.chat.completions.create.bind(openai.chat.completions);
const user = (content: string) => ({ role: 'user' as const, content });
const HELLO = [user('Say hello')];
const TOOLS: OpenAI.ChatCompletionFunctionTool[] = [
  { type: 'function', function: { name: 'now' } },
  {
    type: 'function',
    function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
];

test('echo repeats the last user message', async () => {
  const messages = [user('first'), { role: 'assistant' as const, content: 'no' }, user('Say hello')];
  const answer = await create({ model: 'echo', messages });
  expect(answer.choices[0]).toMatchObject({
    message: { role: 'assistant', content: 'Say hello' },
    finish_reason: 'stop',
  });
});

test.each<[string, OpenAI.ChatCompletionMessageParam[], number]>([
  // 3 for the message, 1 for `user`, 2 for `Say` and ` hello`, 3 that open the answer.
  ['one message', HELLO, 9],
  // `Hello, world!` is 4 tokens: twice 3 + 1 + 4, then 3.
  ['two messages', [{ role: 'system', content: 'Hello, world!' }, user('Hello, world!')], 19],
  [
    'an image',
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Say hello' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ],
    94,
  ],
  ['no text', [{ role: 'assistant', content: null }], 7],
])('the prompt of %s is counted as documented', async (_, messages, tokens) => {
  const { usage } = await create({ model: 'lorem-5', messages });
  expect(usage).toMatchObject({ prompt_tokens: tokens, completion_tokens: 5, total_tokens: tokens + 5 });
});

test('tools count as their JSON, calls in the history as name and arguments', async () => {
  const { encode } = await loadTokenizer();
  const plain = await create({ model: 'echo', messages: HELLO });
  const tooled = await create({ model: 'echo', messages: HELLO, tools: TOOLS });
  expect(tooled.usage?.prompt_tokens).toBe((plain.usage?.prompt_tokens ?? 0) + encode(JSON.stringify(TOOLS)).length);
  const call = { id: 'c', type: 'function' as const, function: { name: 'now', arguments: '{}' } };
  const history = await create({
    model: 'echo',
    messages: [...HELLO, { role: 'assistant', content: '', tool_calls: [call] }],
  });
  // 3 and `assistant`, then `now` and `{}`.
  expect(history.usage?.prompt_tokens).toBe((plain.usage?.prompt_tokens ?? 0) + 6);
});

test('max_tokens ends the answer with `length`, and the newer field wins', async () => {
  const answer = await create({ model: 'lorem-10', messages: HELLO, max_tokens: 7, max_completion_tokens: 3 });
  expect(answer.choices[0]?.finish_reason).toBe('length');
  expect(answer.choices[0]?.message.content).toBe('sit lorem ipsum');
  expect(answer.usage?.completion_tokens).toBe(3);
});

test('a limit that falls into a character counts in full and shows whole characters only', async () => {
  const answer = await create({ model: 'echo', messages: [user('👩👩')], max_tokens: 3 });
  expect(answer.choices[0]?.message.content).toBe('👩');
  expect(answer.usage?.completion_tokens).toBe(3);
});

test('an answer of exactly max_tokens is complete', async () => {
  const answer = await create({ model: 'lorem-10', messages: HELLO, max_tokens: 10 });
  expect(answer.choices[0]?.finish_reason).toBe('stop');
});

test.each([true, false])(
  'the stream has the plain answer in chunks, usage only when asked for: %p',
  async (withUsage) => {
    const body = { model: 'echo', messages: [user('Say hello 👩‍👩‍👧')] };
    const stream = await create({ ...body, stream: true, stream_options: { include_usage: withUsage } });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const plain = await create(body);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Say hello 👩‍👩‍👧');
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
    const last = chunks.at(withUsage ? -2 : -1);
    expect(last?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(chunks.at(-1)?.usage).toEqual(withUsage ? plain.usage : undefined);
    if (withUsage) expect(chunks.at(-1)?.choices).toEqual([]);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
  },
);

test('a stream is unnamed events that end with [DONE]', async () => {
  const response = await call('/v1/chat/completions', { model: 'lorem-2', messages: HELLO, stream: true });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const seen = events(await response.text());
  expect(seen.map((event) => event.name)).toEqual([null, null, null, null, null]);
  expect(seen.at(-1)?.data).toBe('[DONE]');
  expect(seen[0]?.data).not.toHaveProperty('usage');
});

test('tool-call calls the first tool with arguments that fit its schema', async () => {
  const answer = await create({ model: 'tool-call', messages: HELLO, tools: TOOLS.slice(1) });
  expect(answer.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
  const [made] = answer.choices[0]?.message.tool_calls ?? [];
  expect(made).toMatchObject({ type: 'function', function: { name: 'get_weather', arguments: '{"city":"sandbox"}' } });
  expect(made?.id).toStartWith('call_');
  // `get`, `_weather`; `{"`, `city`, `":"`, `sandbox`, `"}`.
  expect(answer.usage?.completion_tokens).toBe(7);
});

test('a streamed call opens with id and name, then sends the arguments', async () => {
  const stream = openai.chat.completions.stream({ model: 'tool-call', messages: HELLO, tools: TOOLS.slice(1) });
  const final = await stream.finalChatCompletion();
  expect(final.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"sandbox"}' } }] },
  });
});

test.each<[string, OpenAI.ChatCompletionToolChoiceOption, string | null]>([
  ['echo', 'auto', null],
  ['echo', 'required', 'now'],
  ['echo', { type: 'function', function: { name: 'get_weather' } }, 'get_weather'],
  ['tool-call', 'none', null],
])('%s with tool_choice %j calls %s', async (model, tool_choice, name) => {
  const answer = await create({ model, messages: HELLO, tools: TOOLS, tool_choice });
  const [made] = answer.choices[0]?.message.tool_calls ?? [];
  expect(made?.type === 'function' ? made.function.name : null).toBe(name);
});

test('tool-call answers in words once it has a result', async () => {
  const call = { id: 'c', type: 'function' as const, function: { name: 'now', arguments: '{}' } };
  const answer = await create({
    model: 'tool-call',
    messages: [
      ...HELLO,
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: 'noon' },
    ],
    tools: TOOLS,
  });
  expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'noon' } });
});

test('json answers with JSON, after the schema when there is one', async () => {
  const free = await create({ model: 'json', messages: HELLO });
  expect(free.choices[0]?.message.content).toBe('{"echo":"Say hello"}');
  const schema = { type: 'object', properties: { done: { type: 'boolean' } } };
  const response_format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } };
  const shaped = await create({ model: 'json', messages: HELLO, response_format });
  expect(shaped.choices[0]?.message.content).toBe('{"done":true}');
});

test('the client raises the error class of the status', async () => {
  expect(await rejection(create({ model: 'error-429', messages: HELLO }))).toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
  });
});
