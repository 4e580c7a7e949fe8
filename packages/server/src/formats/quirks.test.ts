import { describe, expect, test } from 'bun:test';
import { DONE, json, read, sse } from './test-support.ts';

/** Habits of single providers that no other test of the readers holds; `docs/reading-answers.md` lists them all. */

const chunk = (delta: object, more: object = {}, choice: object = {}) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta, ...choice }],
  ...more,
});

describe('usage', () => {
  test('of a compound model is what the answer says, not the sum of its parts (Groq)', () => {
    const usage = { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 };
    const models = [
      { model: 'a', usage: { prompt_tokens: 20, completion_tokens: 3, total_tokens: 23 } },
      { model: 'b', usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } },
    ];
    const body = { id: 'stub', object: 'chat.completion', choices: [{ message: {} }], usage };
    expect(json('openai-chat', { ...body, usage_breakdown: { models } })).toMatchObject({
      responseId: 'stub',
      usage: { input: 30, output: 4, total: 34 },
    });
  });

  test('may come unasked, on a chunk that still has a choice (Groq, Mistral, DeepSeek, Hugging Face)', () => {
    const last = chunk({ content: 'b' }, { usage: { prompt_tokens: 3 } }, { finish_reason: 'stop' });
    expect(sse('openai-chat', chunk({ content: 'a' }), last, DONE)).toMatchObject({
      text: 'ab',
      finishReason: 'stop',
      usage: { input: 3 },
    });
  });

  test('of all zeros is zero, not missing (OpenAI Responses)', () => {
    const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
    const reading = json('openai-responses', { object: 'response', status: 'completed', output: [], usage });
    expect(reading.usage).toMatchObject({ input: 0, output: 0, total: 0, inputFull: 0, reasoning: null });
  });

  test('tells what was written to the cache, as part of the input (OpenAI)', () => {
    const usage = { prompt_tokens: 20, prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 12 } };
    expect(json('openai-chat', { choices: [{ message: {} }], usage }).usage).toMatchObject({
      cacheRead: 0,
      cacheWrite: 12,
      inputFull: 20,
    });
  });

  test('tells cached tokens as content (Gemini), and of what kind they were', () => {
    const usageMetadata = {
      promptTokenCount: 20,
      cachedContentTokenCount: 12,
      totalTokenCount: 20,
      cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 5 }],
    };
    expect(json('google-generate', { candidates: [], usageMetadata }).usage).toMatchObject({
      input: 20,
      cacheRead: 12,
      cacheReadAudio: 5,
      cacheReadImage: null,
      inputFull: 20,
    });
  });

  test('tells of what kind cached tokens were (OpenAI realtime)', () => {
    const details = { cached_tokens: 9, audio_tokens: 8, cached_tokens_details: { audio_tokens: 3, image_tokens: 1 } };
    const usage = { input_tokens: 20, output_tokens: 1, input_token_details: details };
    expect(json('openai-responses', { object: 'response', usage }).usage).toMatchObject({
      cacheRead: 9,
      cacheReadAudio: 3,
      cacheReadImage: 1,
      audioInput: 8,
    });
  });

  test('adds up cache writes by lifetime where no sum is given (Anthropic)', () => {
    const usage = { input_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 } };
    expect(json('anthropic-messages', { type: 'message', content: [], usage }).usage).toMatchObject({
      cacheWrite: 5,
      cacheWrite1h: 3,
      inputFull: 6,
    });
  });
});

describe('errors', () => {
  test('of an answer without a content type are read (Azure), and codes stay as written', () => {
    const error = { code: '401', message: 'Access denied' };
    expect(json('openai-chat', { error }, { status: 401, type: null }).error).toEqual({
      type: null,
      code: '401',
      message: 'Access denied',
      httpStatus: 401,
    });
  });

  test('of an answer that is called binary are read (DeepSeek)', () => {
    const error = { message: 'bad', type: 'invalid_request_error', param: null, code: 'invalid_request_error' };
    const given = { status: 400, type: 'application/octet-stream' };
    expect(json('openai-chat', { error }, given).error).toMatchObject({ type: error.type, message: 'bad' });
  });

  test('stand in a part of the chunk of its own (Groq), or in the choice (OpenRouter)', () => {
    const groq = sse(
      'openai-chat',
      chunk({ content: 'a' }),
      chunk({}, { x_groq: { id: 'r', error: 'over capacity' } }),
    );
    expect(groq).toMatchObject({ text: 'a', error: { message: 'over capacity' }, stream: { ended: false } });
    const error = { code: 502, message: 'provider failed' };
    const failed = json('openai-chat', { choices: [{ message: {}, finish_reason: 'error', error }] });
    expect(failed).toMatchObject({ finishReason: 'error', error });
  });

  test.each<[string, string, string | null]>([
    ['JSON that wraps it', '{"error":{"message":"m","type":"t"}}', 't'],
    ['JSON that does not', '{"detail":"m"}', null],
    ['plain text', 'm', null],
  ])('are events of that name, in %s (Replicate, Groq, Anthropic)', (_shape, data, type) => {
    const reading = read({ format: 'unknown', type: 'text/event-stream' }, `event: error\ndata: ${data}\n\n`);
    expect(reading.error).toEqual({ type, code: null, message: 'm', httpStatus: 200 });
    expect(reading.stream).toEqual({ events: 1, done: false, ended: false, malformed: 0 });
  });

  test('with a capital message are read (AWS)', () => {
    expect(json('bedrock-converse', { Message: 'not authorised' }, { status: 403 }).error?.message).toBe(
      'not authorised',
    );
  });
});

describe('streams', () => {
  test('of Cohere v2 are named events, with an unnamed mark at the end', () => {
    const named = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
    const usage = {
      billed_units: { input_tokens: 1, output_tokens: 2 },
      tokens: { input_tokens: 5, output_tokens: 2 },
    };
    const reading = sse(
      'cohere-v2',
      named('message-start', { id: 'i', delta: { message: { role: 'assistant', content: [] } } }),
      named('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }),
      named('content-delta', { index: 0, delta: { message: { content: { text: 'a' } } } }),
      named('tool-call-start', {
        index: 0,
        delta: { message: { tool_calls: { id: 't', function: { name: 'f', arguments: '' } } } },
      }),
      named('tool-call-delta', {
        index: 0,
        delta: { message: { tool_calls: { function: { arguments: '{"a":1}' } } } },
      }),
      named('message-end', { delta: { finish_reason: 'COMPLETE', usage } }),
      DONE,
    );
    expect(reading).toMatchObject({ responseId: 'i', text: 'a', usage: { input: 5, output: 2 } });
    expect(reading.toolCalls).toEqual([{ id: 't', name: 'f', arguments: { a: 1 } }]);
    expect(reading.stream).toEqual({ events: 7, done: true, ended: true, malformed: 0 });
  });

  test('of Replicate say how they ended', () => {
    const reading = sse('unknown', 'event: output\ndata: a\n\n', 'event: done\ndata: {"reason":"canceled"}\n\n');
    expect(reading).toMatchObject({ text: 'a', finishReason: 'canceled', stream: { ended: true } });
  });

  test('of TGI end with the whole text, details or not', () => {
    const last = { token: { text: '</s>', special: true }, generated_text: 'a', details: null };
    expect(sse('tgi', { token: { text: 'a' } }, last)).toMatchObject({ text: 'a', stream: { ended: true } });
  });

  test('of Workers AI may write a token as a number', () => {
    expect(sse('workers-ai', { response: 4 }, { response: '2' }, DONE).text).toBe('42');
  });

  test('of Gemini may send the arguments of one call in several parts', () => {
    const part = (functionCall: object) => ({ candidates: [{ content: { parts: [{ functionCall }] } }] });
    const reading = sse(
      'google-generate',
      part({ id: 'i', name: 'f', willContinue: true }),
      part({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }], willContinue: true }),
      part({}),
    );
    expect(reading.toolCalls).toEqual([{ id: 'i', name: 'f', arguments: {} }]);
  });
});

test('a verdict of moderation names its model', () => {
  const results = [{ flagged: false, categories: { hate: false }, category_scores: { hate: 0.1 } }];
  expect(json('unknown', { id: 'modr-1', model: 'omni-moderation-latest', results })).toMatchObject({
    responseId: 'modr-1',
    model: 'omni-moderation-latest',
    usage: null,
  });
});

test('generated images may come without a date (xAI, Together)', () => {
  const xai = { data: [{ url: 'https://a.test/1.png', revised_prompt: '' }] };
  const together = { id: 'i', object: 'list', data: [{ index: 0, url: 'https://a.test/1.png' }] };
  for (const body of [xai, together]) expect(json('openai-images', body).usage?.units).toEqual({ images: 1 });
});
