import { expect, test } from 'bun:test';
import type OpenAI from 'openai';
import { events, rejection, startClients } from '../../../../test/support/sandbox.ts';

const { call, openai } = startClients();
const create = openai.responses.create.bind(openai.responses);
const WEATHER: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: null,
};

test('echo repeats the input, given as text or as items', async () => {
  const text = await create({ model: 'echo', input: 'Say hello' });
  expect(text).toMatchObject({ object: 'response', status: 'completed', output_text: 'Say hello' });
  // 3 for the message, 1 for `user`, 2 for the text, 3 that open the answer.
  expect(text.usage).toMatchObject({ input_tokens: 9, output_tokens: 2, total_tokens: 11 });
  const items = await create({
    model: 'echo',
    input: [
      { role: 'developer', content: 'x' },
      { role: 'user', content: [{ type: 'input_text', text: 'Say hello' }] },
    ],
  });
  expect(items.output_text).toBe('Say hello');
});

test('instructions count as a system message', async () => {
  const answer = await create({ model: 'echo', input: 'Say hello', instructions: 'Hello, world!' });
  expect(answer.usage?.input_tokens).toBe(9 + 3 + 1 + 4);
  expect(answer.instructions).toBe('Hello, world!');
});

test('max_output_tokens leaves the answer incomplete, plain and streamed', async () => {
  const body = { model: 'lorem-10', input: 'x', max_output_tokens: 4 };
  const plain = await create(body);
  expect(plain).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  expect(plain.usage?.output_tokens).toBe(4);
  const streamed: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of await create({ ...body, stream: true })) streamed.push(event);
  expect(streamed.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete' } });
});

test('a text stream has the events of the API in order, numbered, without [DONE]', async () => {
  const response = await call('/v1/responses', { model: 'lorem-2', input: 'x', stream: true });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const seen = events(await response.text());
  expect(seen.map((event) => event.name)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  for (const [i, event] of seen.entries()) {
    expect(event.data).toMatchObject({ type: event.name, sequence_number: i });
  }
});

test('the client puts a stream together to the plain answer', async () => {
  const body = { model: 'echo', input: 'Say hello 👩‍👩‍👧' };
  const final = await openai.responses.stream(body).finalResponse();
  expect(final.output_text).toBe(body.input);
  expect(final.usage).toEqual((await create(body)).usage);
});

test('a call is one output item, plain and streamed', async () => {
  const body = { model: 'tool-call', input: 'x', tools: [WEATHER] };
  const plain = await create(body);
  expect(plain.output).toMatchObject([
    { type: 'function_call', status: 'completed', name: 'get_weather', arguments: '{"city":"sandbox"}' },
  ]);
  const response = await call('/v1/responses', { ...body, stream: true });
  const names = events(await response.text()).map((event) => event.name);
  expect([...new Set(names)]).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const final = await openai.responses.stream(body).finalResponse();
  expect(final.output).toMatchObject([{ type: 'function_call', arguments: '{"city":"sandbox"}' }]);
});

test('after the result of a call the answer is words', async () => {
  const answer = await create({
    model: 'tool-call',
    tools: [WEATHER],
    input: [
      { role: 'user', content: 'x' },
      { type: 'reasoning', id: 'r', summary: [] },
      { type: 'function_call', call_id: 'c', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'sun' },
    ],
  });
  expect(answer.output_text).toBe('sun');
});

test('an earlier response cannot be continued, for nothing is stored', async () => {
  const asked = create({ model: 'echo', input: 'x', previous_response_id: 'resp_1' });
  expect(await rejection(asked)).toMatchObject({ status: 400, code: 'previous_response_not_found' });
});
