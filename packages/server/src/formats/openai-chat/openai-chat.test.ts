import { describe, expect, test } from 'bun:test';
import { DONE, json, sse } from '../test-support.ts';

/** A chunk of an OpenAI chat stream. */
function chunk(delta: object, more: object = {}, choice: object = {}) {
  return { id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, ...choice }], ...more };
}

describe('OpenAI chat and those who speak it', () => {
  test('usage on the chunk and in x_groq is one usage', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    expect(sse('openai-chat', chunk({}, { usage, x_groq: { usage } }), DONE).usage).toMatchObject({
      input: 3,
      output: 2,
    });
    expect(sse('openai-chat', chunk({}, { x_groq: { usage } }), DONE).usage).toMatchObject({ input: 3, output: 2 });
  });

  test('usage in the choice counts where there is no other (Moonshot)', () => {
    const reading = sse('openai-chat', chunk({}, {}, { finish_reason: 'stop', usage: { prompt_tokens: 9 } }), DONE);
    expect(reading.usage?.input).toBe(9);
  });

  test('usage that comes on every chunk counts once, the last one (Perplexity)', () => {
    const [first, second] = [1, 2].map((output) => chunk({ content: 'a' }, { usage: { completion_tokens: output } }));
    expect(sse('openai-chat', first ?? '', second ?? '').usage?.output).toBe(2);
  });

  test('no usage was asked for, so none is invented; zero is not the same as missing', () => {
    expect(sse('openai-chat', chunk({ content: 'a' }, { usage: null }), DONE).usage).toBeNull();
    expect(json('openai-chat', { choices: [{ message: {} }], usage: { prompt_tokens: 0 } }).usage).toMatchObject({
      input: 0,
      output: null,
      total: null,
      inputFull: 0,
    });
  });

  test('an error event inside a 200 stream is an error of a stream that did not end', () => {
    const error = {
      message: 'Tool call failed',
      type: 'invalid_request_error',
      code: 'tool_use_failed',
      status_code: 400,
    };
    const reading = sse('openai-chat', chunk({ content: 'a' }), `event: error\ndata: ${JSON.stringify({ error })}\n\n`);
    expect(reading.error).toEqual({ type: error.type, code: error.code, message: error.message, httpStatus: 200 });
    expect(reading.stream).toEqual({ events: 2, done: false, ended: false, malformed: 0 });
  });

  test('a chunk may carry an error beside choices and usage, after comments and several finish reasons', () => {
    const reading = sse(
      'openai-chat',
      ': OPENROUTER PROCESSING\n\n',
      chunk({ content: 'a' }, { model: 'other/model' }, { finish_reason: 'length' }),
      chunk(
        {},
        { error: { code: 400, message: 'limit' }, usage: { prompt_tokens: 4, cost: 0.01 } },
        { finish_reason: 'error' },
      ),
      DONE,
    );
    expect(reading).toMatchObject({
      model: 'm',
      finishReason: 'error',
      text: 'a',
      usage: { input: 4 },
      extra: { cost: 0.01 },
    });
    expect(reading.error).toEqual({ type: null, code: 400, message: 'limit', httpStatus: 200 });
    expect(reading.stream).toMatchObject({ events: 3, done: true, ended: true });
  });

  test('an empty first chunk does not blank the id and the model (Azure)', () => {
    const first = { id: '', model: '', object: '', choices: [], prompt_filter_results: [] };
    expect(sse('unknown', first, chunk({ content: 'a' }), DONE)).toMatchObject({
      responseId: 'c1',
      model: 'm',
      text: 'a',
    });
  });

  test('text that stands twice in a chunk is read once', () => {
    const together = chunk({ content: 'a' }, {}, { text: 'a' });
    const writer = chunk({ content: 'b' }, {}, { message: { content: 'b' }, finish_reason: 'stop' });
    const reading = sse('openai-chat', together, writer);
    expect(reading.text).toBe('ab');
    expect(reading.stream).toMatchObject({ done: false, ended: false });
  });

  test('a finish reason ends a stream once the usage is there, or the mark', () => {
    const finish = chunk({}, {}, { finish_reason: 'stop' });
    const usage = { choices: [], usage: { prompt_tokens: 1 } };
    const ended = (...events: (object | string)[]) => sse('openai-chat', ...events).stream?.ended;
    expect(ended(finish)).toBe(false);
    expect(ended(finish, DONE)).toBe(true);
    expect(ended(finish, usage)).toBe(true);
    expect(ended({ ...finish, ...usage, choices: finish.choices })).toBe(true);
    expect(ended(usage, finish)).toBe(false);
  });

  test('a message that grows beside the delta is not added to it (Perplexity)', () => {
    const grown = [
      ['a', 'a'],
      ['b', 'ab'],
    ].map(([content, all]) => chunk({ content }, {}, { message: { content: all } }));
    expect(sse('openai-chat', ...grown, DONE).text).toBe('ab');
  });

  test('a stream without any finish reason ends with its mark, and reasoning may stand in details alone', () => {
    const details = [
      { type: 'reasoning.text', text: '15' },
      { type: 'reasoning.encrypted', data: 'x' },
    ];
    const reading = sse('openai-chat', chunk({ content: '', reasoning_details: details }, { id: '' }), DONE);
    expect(reading).toMatchObject({ responseId: null, finishReason: null, reasoningText: '15', text: '' });
    expect(reading.stream?.ended).toBe(true);
  });

  test('the same reasoning in two fields is read once', () => {
    const delta = { reasoning: 'hm', reasoning_content: 'hm', reasoning_details: [{ text: 'hm' }] };
    expect(sse('openai-chat', chunk(delta)).reasoningText).toBe('hm');
  });

  test('content may be a list of thinking and text, mixed with plain text (Mistral)', () => {
    const list = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'a' },
    ];
    expect(sse('openai-chat', chunk({ content: list }), chunk({ content: 'b' }))).toMatchObject({
      text: 'ab',
      reasoningText: 'hm',
    });
  });

  test.each<[string, object]>([
    ['prompt_tokens_details', { prompt_tokens_details: { cached_tokens: 7 } }],
    ['prompt_token_details', { prompt_token_details: { cached_tokens: 7 } }],
    ['input_tokens_details', { input_tokens_details: { cached_tokens: 7 } }],
    ['cached_tokens', { cached_tokens: 7 }],
    ['num_cached_tokens', { num_cached_tokens: 7 }],
    ['prompt_cache_hit_tokens', { prompt_cache_hit_tokens: 7 }],
    ['both DeepSeek places', { prompt_tokens_details: { cached_tokens: 7 }, prompt_cache_hit_tokens: 7 }],
  ])('cached tokens are found in %s, as part of the input', (_place, usage) => {
    const reading = json('openai-chat', { choices: [{ message: {} }], usage: { prompt_tokens: 10, ...usage } });
    expect(reading.usage).toMatchObject({ input: 10, cacheRead: 7, inputFull: 10, cacheIncluded: true });
  });

  test('a total above its parts stays as written (Gemini’s OpenAI surface)', () => {
    const usage = { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 };
    expect(json('openai-chat', { choices: [{ message: {} }], usage }).usage).toMatchObject({ output: 12, total: 109 });
  });

  test('pieces of tool calls go together by index, by id, or onto the last one', () => {
    const piece = (call: object) => chunk({ tool_calls: [call] });
    const reading = sse(
      'openai-chat',
      piece({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }),
      piece({ index: 0, function: { arguments: ':1}' } }),
      piece({ index: 0, id: 'b', function: { name: 'g', arguments: '{"y"' } }),
      piece({ index: 0, function: { arguments: ':2}' } }),
      piece({ id: 'c', function: { name: 'h', arguments: 'not ' } }),
      piece({ function: { arguments: 'json' } }),
    );
    expect(reading.toolCalls).toEqual([
      { id: 'a', name: 'f', arguments: { x: 1 } },
      { id: 'b', name: 'g', arguments: { y: 2 } },
      { id: 'c', name: 'h', arguments: 'not json' },
    ]);
  });

  test('the text of further choices is kept apart from the first', () => {
    const choices = [
      { index: 1, message: { content: 'b' } },
      { index: 0, message: { content: 'a' } },
    ];
    expect(json('openai-chat', { choices })).toMatchObject({ text: 'a', extra: { further_texts: ['b'] } });
  });
});
