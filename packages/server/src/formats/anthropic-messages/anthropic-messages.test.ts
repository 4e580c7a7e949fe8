import { describe, expect, test } from 'bun:test';
import { json, sse } from '../test-support.ts';

describe('Anthropic Messages', () => {
  test('each usage field counts as it was written last', () => {
    const start = {
      type: 'message',
      content: [],
      usage: { input_tokens: 2479, cache_read_input_tokens: 5, output_tokens: 1 },
    };
    const reading = sse(
      'anthropic-messages',
      { type: 'message_start', message: start },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { input_tokens: 404500, output_tokens: 90 } },
      { type: 'message_stop' },
    );
    expect(reading.usage).toMatchObject({
      input: 404500,
      cacheRead: 5,
      output: 90,
      inputFull: 404505,
      cacheIncluded: false,
    });
    expect(reading.stream?.ended).toBe(true);
  });

  test('iterations that the counters leave out are kept', () => {
    const iterations = [{ type: 'compaction', input_tokens: 100, cache_read_input_tokens: 55096 }, { type: 'message' }];
    const body = { type: 'message', content: [], usage: { input_tokens: 181, output_tokens: 8, iterations } };
    expect(json('anthropic-messages', body)).toMatchObject({ usage: { input: 181 }, extra: { iterations } });
  });

  test('cache writes are told by their lifetime, and server tools by use', () => {
    const usage = {
      input_tokens: 1,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_1h_input_tokens: 20, ephemeral_5m_input_tokens: 10 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
    };
    expect(json('anthropic-messages', { type: 'message', content: [], usage }).usage).toMatchObject({
      cacheWrite: 30,
      cacheWrite1h: 20,
      inputFull: 31,
      units: { web_search_requests: 2 },
    });
  });

  test('a stop reason is not the end: message_stop is', () => {
    const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } };
    expect(sse('anthropic-messages', delta).stream?.ended).toBe(false);
  });

  test('an overload inside a stream is an error', () => {
    const error = { type: 'overloaded_error', message: 'Overloaded' };
    expect(sse('anthropic-messages', { type: 'error', error }).error).toMatchObject({ ...error, httpStatus: 200 });
  });
});
