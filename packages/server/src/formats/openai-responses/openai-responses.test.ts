import { describe, expect, test } from 'bun:test';
import { DONE, json, sse } from '../test-support.ts';

describe('OpenAI Responses', () => {
  const final = (more: object) => ({ type: 'response.completed', response: { id: 'r', status: 'completed', ...more } });

  test('events are told by their data: names may be missing and [DONE] may follow (OpenRouter)', () => {
    const reading = sse(
      'openai-responses',
      { type: 'response.output_text.delta', delta: 'a' },
      final({ usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } }),
      DONE,
    );
    expect(reading).toMatchObject({ text: 'a', finishReason: 'completed', usage: { input: 1, output: 2 } });
    expect(reading.stream).toEqual({ events: 3, done: true, ended: true, malformed: 0 });
  });

  test('a queued answer has no usage, a compaction no model and no text of its own', () => {
    expect(
      json('openai-responses', { object: 'response', id: 'r', status: 'queued', usage: null, output: [] }),
    ).toMatchObject({
      usage: null,
      finishReason: 'queued',
    });
    const output = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'mine' }] }];
    const usage = { input_tokens: 5, output_tokens: 1 };
    expect(json('openai-responses', { object: 'response.compaction', id: 'r', usage, output })).toMatchObject({
      model: null,
      text: null,
      usage: { input: 5 },
    });
  });

  test('a final answer is read where no deltas came before it', () => {
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'a' }] }];
    expect(sse('openai-responses', final({ output })).text).toBe('a');
    expect(sse('openai-responses', { type: 'response.output_text.delta', delta: 'a' }, final({ output })).text).toBe(
      'a',
    );
  });

  test('a failed answer ends its stream with an error', () => {
    const error = { code: 'server_error', message: 'broke' };
    const reading = sse('openai-responses', { type: 'response.failed', response: { status: 'failed', error } });
    expect(reading).toMatchObject({
      finishReason: 'failed',
      error: { ...error, httpStatus: 200 },
      stream: { ended: true },
    });
  });

  test('an error event names its problem at the top', () => {
    const reading = sse('openai-responses', { type: 'error', code: 'rate_limit', message: 'slow', sequence_number: 2 });
    expect(reading).toMatchObject({
      error: { type: null, code: 'rate_limit', message: 'slow' },
      stream: { ended: false },
    });
  });

  test('calls of hosted tools are not the client’s', () => {
    const output = [
      { type: 'web_search_call', id: 'ws' },
      { type: 'mcp_call', id: 'mc', name: 'n', arguments: '{}' },
      { type: 'function_call', id: 'fc', call_id: 'call', name: 'f', arguments: '{"a":1}' },
      { type: 'custom_tool_call', id: 'ct', call_id: 'call2', name: 'g', input: 'free text' },
    ];
    expect(json('openai-responses', { object: 'response', output }).toolCalls).toEqual([
      { id: 'call', name: 'f', arguments: { a: 1 } },
      { id: 'call2', name: 'g', arguments: 'free text' },
    ]);
  });
});
