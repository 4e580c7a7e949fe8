import { describe, expect, test } from 'bun:test';
import { json, read, sse } from '../test-support.ts';

describe('Cohere', () => {
  test('tokens count where billed units differ, and both are kept', () => {
    const usage = {
      billed_units: { input_tokens: 62, output_tokens: 35 },
      tokens: { input_tokens: 968, output_tokens: 90 },
      cached_tokens: 960,
    };
    const reading = json('cohere-v2', { id: 'i', message: { content: [] }, usage });
    expect(reading).toMatchObject({ model: null, usage: { input: 968, output: 90, cacheRead: 960, inputFull: 968 } });
    expect(reading.extra).toMatchObject({ billed_units: usage.billed_units, tokens: usage.tokens });
  });

  test('v1 streams are lines; the end repeats the text and holds the counters', () => {
    const lines = [
      { is_finished: false, event_type: 'stream-start', generation_id: 'g' },
      { is_finished: false, event_type: 'text-generation', text: 'a' },
      { is_finished: false, event_type: 'text-generation', text: 'b' },
      {
        is_finished: true,
        event_type: 'stream-end',
        finish_reason: 'COMPLETE',
        response: { text: 'ab', response_id: 'r', meta: { tokens: { input_tokens: 4, output_tokens: 2 } } },
      },
    ];
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const reading = read({ format: 'cohere-v1', type: 'application/stream+json' }, body);
    expect(reading).toMatchObject({
      text: 'ab',
      finishReason: 'COMPLETE',
      responseId: 'r',
      usage: { input: 4, output: 2 },
    });
    expect(reading.stream).toEqual({ events: 4, done: false, ended: true, malformed: 0 });
  });

  test('the end of a v2 stream may tell an error', () => {
    const end = { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'broke' } };
    expect(sse('cohere-v2', end)).toMatchObject({ finishReason: 'ERROR', error: { message: 'broke' } });
  });

  test('reranking is billed by search units alone', () => {
    const body = {
      id: 'i',
      results: [{ index: 0, relevance_score: 0.9 }],
      meta: { billed_units: { search_units: 1 } },
    };
    expect(json('cohere-rerank', body).usage).toMatchObject({ input: null, output: null, units: { search_units: 1 } });
  });
});
