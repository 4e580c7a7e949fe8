import { describe, expect, test } from 'bun:test';
import type { FormatName, Reading } from '../index.ts';
import { awsFrame, json, read } from '../test-support.ts';

/** A stream of frames; an event name stands for its type, and a name that ends in Exception for that. */
function frames(format: FormatName, ...events: [name: string, payload: object][]): Reading {
  const encoded = events.map(([name, payload]) => {
    const kind = name.endsWith('Exception') ? ':exception-type' : ':event-type';
    return awsFrame([[kind, 7, Buffer.from(name)]], JSON.stringify(payload));
  });
  return read({ format, type: 'application/vnd.amazon.eventstream' }, Buffer.concat(encoded));
}

/** A model's own event, as Invoke wraps it. */
function chunk(event: object): [string, object] {
  return ['chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abc' }];
}

describe('Amazon Bedrock', () => {
  test('Invoke streams wrap the model’s own events, and the last one adds metrics', () => {
    const metrics = { inputTokenCount: 12, outputTokenCount: 3, invocationLatency: 5 };
    const reading = frames(
      'bedrock-invoke',
      chunk({ type: 'message_start', message: { id: 'i', model: 'claude', usage: { output_tokens: 1 } } }),
      chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }),
      chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics }),
    );
    expect(reading).toMatchObject({ model: 'claude', text: 'a', usage: { input: 12, output: 1 } });
    expect(reading.stream).toEqual({ events: 3, done: false, ended: true, malformed: 0 });
  });

  test('an exception frame is an error inside the stream', () => {
    const delta: [string, object] = ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'a' }, p: 'abc' }];
    const reading = frames('bedrock-converse', delta, ['throttlingException', { message: 'slow' }]);
    expect(reading.error).toEqual({ type: 'throttlingException', code: null, message: 'slow', httpStatus: 200 });
    expect(reading).toMatchObject({ text: 'a', stream: { events: 2, ended: false } });
  });

  test('a frame whose payload is no JSON is skipped and counted', () => {
    const body = awsFrame([[':event-type', 7, Buffer.from('chunk')]], 'no json');
    const reading = read({ format: 'bedrock-invoke', type: null }, body);
    expect(reading.stream).toEqual({ events: 1, done: false, ended: false, malformed: 1 });
  });

  test('the cache counters under two names are one, apart from the input, and part of the total', () => {
    const usage = {
      inputTokens: 2,
      outputTokens: 5,
      totalTokens: 1329,
      cacheReadInputTokens: 1322,
      cacheReadInputTokenCount: 1322,
      cacheDetails: [
        { inputTokens: 7, ttl: '1h' },
        { inputTokens: 9, ttl: '5m' },
      ],
    };
    const reading = json('bedrock-converse', {
      output: { message: { content: [{ text: 'a' }] } },
      stopReason: 'x',
      usage,
    });
    expect(reading.usage).toMatchObject({ input: 2, cacheRead: 1322, inputFull: 1324, total: 1329, cacheWrite1h: 7 });
    expect(reading.model).toBeNull();
  });

  test('Invoke may count in headers alone, and fills in what a guardrail dropped from the body', () => {
    const headers = { 'x-amzn-bedrock-input-token-count': '18', 'x-amzn-bedrock-output-token-count': '87' };
    const claude2 = json(
      'bedrock-invoke',
      { type: 'completion', completion: 'a', stop_reason: 'stop_sequence' },
      { headers },
    );
    expect(claude2).toMatchObject({ text: 'a', usage: { input: 18, output: 87, total: null } });
    const nova = {
      output: { message: { content: [{ text: 'a' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 30 },
    };
    expect(json('bedrock-invoke', nova, { headers }).usage).toMatchObject({ input: 30, output: 87 });
  });

  test('counts written as floats are whole numbers', () => {
    const body =
      '{"inputTextTokenCount":3.0,"results":[{"tokenCount":19.0,"outputText":"a","completionReason":"FINISH"}]}';
    expect(read({ format: 'bedrock-invoke' }, body).usage).toMatchObject({ input: 3, output: 19 });
  });

  test.each<[string, object, object]>([
    [
      'Llama',
      { generation: 'a', prompt_token_count: 4, generation_token_count: 2, stop_reason: 'stop' },
      { input: 4, output: 2 },
    ],
    [
      'AI21',
      { prompt: { tokens: [1, 2] }, completions: [{ data: { text: 'a', tokens: [1] } }] },
      { input: 2, output: 1 },
    ],
  ])('%s answers in words of its own', (_family, body, usage) => {
    expect(json('bedrock-invoke', body)).toMatchObject({ text: 'a', usage });
  });

  test('Mistral’s text answers have no counters, and DeepSeek’s finish with a stop_reason', () => {
    expect(json('bedrock-invoke', { outputs: [{ text: 'a', stop_reason: 'stop' }] })).toMatchObject({
      text: 'a',
      usage: null,
    });
    expect(json('bedrock-invoke', { choices: [{ text: 'a', stop_reason: 'length' }] })).toMatchObject({
      text: 'a',
      finishReason: 'length',
    });
  });

  test('Converse ends with its metadata, after the stop', () => {
    const stop: [string, object] = ['messageStop', { stopReason: 'end_turn', p: 'ab' }];
    const metadata: [string, object] = ['metadata', { usage: { inputTokens: 3, outputTokens: 2 }, p: 'abcd' }];
    expect(frames('bedrock-converse', stop).stream?.ended).toBe(false);
    expect(frames('bedrock-converse', stop, metadata)).toMatchObject({
      finishReason: 'end_turn',
      usage: { input: 3, output: 2 },
      stream: { ended: true },
    });
  });
});

const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 7, outputTokenCount: 2 } };

describe('each family behind Invoke streams in its own words, and ends with the metrics', () => {
  test.each<[family: string, finish: string, events: object[]]>([
    [
      'Claude',
      'end_turn',
      [
        { type: 'message_start', message: { type: 'message', content: [] } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'b' } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
        { type: 'message_stop' },
      ],
    ],
    [
      'Nova',
      'end_turn',
      [
        { messageStart: { role: 'assistant' } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'a' } } },
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'b' } } },
        { messageStop: { stopReason: 'end_turn' } },
        { metadata: { usage: { inputTokens: 7, outputTokens: 2 } } },
      ],
    ],
    [
      'Titan',
      'FINISH',
      [
        { outputText: 'a', index: 0, totalOutputTextTokenCount: null, completionReason: null, inputTextTokenCount: 7 },
        {
          outputText: 'b',
          index: 0,
          totalOutputTextTokenCount: 2,
          completionReason: 'FINISH',
          inputTextTokenCount: null,
        },
      ],
    ],
    [
      'Llama',
      'stop',
      [
        { generation: 'a', prompt_token_count: 7, generation_token_count: 1, stop_reason: null },
        { generation: 'b', prompt_token_count: null, generation_token_count: 2, stop_reason: 'stop' },
      ],
    ],
    [
      'Mistral text',
      'stop',
      [{ outputs: [{ text: 'a', stop_reason: null }] }, { outputs: [{ text: 'b', stop_reason: 'stop' }] }],
    ],
    [
      'Mistral chat',
      'stop',
      [
        { choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, stop_reason: null }] },
        { choices: [{ index: 0, message: { role: 'assistant', content: 'b' }, stop_reason: 'stop' }] },
      ],
    ],
    [
      'Cohere Command',
      'COMPLETE',
      [
        { text: 'a', is_finished: false, index: 0 },
        { text: 'b', is_finished: false, index: 0 },
        { finish_reason: 'COMPLETE', is_finished: true, index: 0 },
      ],
    ],
    [
      'Cohere Command R',
      'COMPLETE',
      [
        { event_type: 'text-generation', text: 'a', is_finished: false },
        { event_type: 'text-generation', text: 'b', is_finished: false },
        {
          event_type: 'stream-end',
          finish_reason: 'COMPLETE',
          is_finished: true,
          response: { text: 'ab', response_id: 'r' },
        },
      ],
    ],
    [
      'AI21 Jamba',
      'stop',
      [
        { id: 'c', choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] },
        { id: 'c', choices: [{ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }] },
      ],
    ],
    [
      'DeepSeek',
      'stop',
      [{ choices: [{ text: 'a', stop_reason: null }] }, { choices: [{ text: 'b', stop_reason: 'stop' }] }],
    ],
    [
      'gpt-oss',
      'stop',
      [
        { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] },
        { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }] },
      ],
    ],
  ])('%s', (_family, finishReason, events) => {
    const last = events.length - 1;
    const chunks = events.map((event, at) => chunk(at === last ? { ...event, ...METRICS } : event));
    const reading = frames('bedrock-invoke', ...chunks);
    expect(reading).toMatchObject({ text: 'ab', finishReason, usage: { input: 7, output: 2 } });
    expect(reading.stream).toEqual({ events: events.length, done: false, ended: true, malformed: 0 });
    expect(frames('bedrock-invoke', ...chunks.slice(0, -1)).stream?.ended).toBe(false);
  });
});

test.each<[string, object, object]>([
  [
    'Titan',
    { inputTextTokenCount: 7, results: [{ tokenCount: 2, outputText: 'ab', completionReason: 'FINISH' }] },
    { input: 7, output: 2 },
  ],
  [
    'Nova',
    {
      output: { message: { role: 'assistant', content: [{ text: 'ab' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 7, outputTokens: 2, cacheReadInputTokenCount: 0 },
    },
    { input: 7, output: 2 },
  ],
  [
    'AI21 Jamba',
    { id: 'c', choices: [{ index: 0, message: { content: 'ab' } }], usage: { prompt_tokens: 7, completion_tokens: 2 } },
    { input: 7, output: 2 },
  ],
  [
    'Mistral chat',
    { choices: [{ index: 0, message: { content: 'ab' }, stop_reason: 'stop' }] },
    { input: 7, output: 2 },
  ],
  [
    'Cohere Command',
    { generations: [{ id: 'g', text: 'ab', finish_reason: 'COMPLETE' }], id: 'i' },
    { input: 7, output: 2 },
  ],
  [
    'Cohere Command R',
    { response_id: 'r', generation_id: 'g', text: 'ab', finish_reason: 'COMPLETE' },
    { input: 7, output: 2 },
  ],
])('%s answers whole in its own words, with its counters in the body or the headers', (_family, body, usage) => {
  const headers = { 'x-amzn-bedrock-input-token-count': '7', 'x-amzn-bedrock-output-token-count': '2' };
  expect(json('bedrock-invoke', body, { headers })).toMatchObject({ text: 'ab', usage });
});
