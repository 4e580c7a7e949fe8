import { describe, expect, test } from 'bun:test';
import { json, sse } from '../test-support.ts';

describe('Google', () => {
  const usageOf = (usageMetadata: object) => json('google-generate', { candidates: [], usageMetadata }).usage;

  test('the total is prompt, tool use, candidates and thoughts', () => {
    const counts = { promptTokenCount: 10, toolUsePromptTokenCount: 5, candidatesTokenCount: 3, thoughtsTokenCount: 2 };
    expect(usageOf({ ...counts, totalTokenCount: 20 })).toMatchObject({
      input: 10,
      output: 5,
      reasoning: 2,
      total: 20,
      inputFull: 15,
      toolUsePrompt: 5,
    });
  });

  test('a blocked or thinking-only answer has no candidates counter', () => {
    expect(usageOf({ promptTokenCount: 14, totalTokenCount: 14 })?.output).toBe(0);
    expect(usageOf({ promptTokenCount: 14, thoughtsTokenCount: 6, totalTokenCount: 20 })?.output).toBe(6);
  });

  test('a usage without counters is none, and a block is an end (Vertex Model Armor)', () => {
    const reading = json('google-generate', {
      promptFeedback: { blockReason: 'MODEL_ARMOR' },
      usageMetadata: { trafficType: 'ON_DEMAND' },
      modelVersion: 'gemini-2.5-flash',
    });
    expect(reading).toMatchObject({ usage: null, model: 'gemini-2.5-flash', error: null });
    expect(reading.extra.block_reason).toBe('MODEL_ARMOR');
  });

  test('a stream has CRLF, no names, no [DONE], and cumulative usage', () => {
    const part = (text: string, more: object, tokens: number) =>
      `data: ${JSON.stringify({
        candidates: [{ content: { parts: [{ text }] }, ...more }],
        usageMetadata: { promptTokenCount: 4, candidatesTokenCount: tokens, totalTokenCount: 4 + tokens },
      })}\r\n\r\n`;
    const reading = sse('google-generate', part('a', {}, 1), part('b', { finishReason: 'STOP' }, 2));
    expect(reading).toMatchObject({ text: 'ab', usage: { output: 2, total: 6 } });
    expect(reading.stream).toEqual({ events: 2, done: false, ended: true, malformed: 0 });
  });

  test('without alt=sse the chunks come as one JSON list', () => {
    const chunks = [
      { candidates: [{ content: { parts: [{ text: 'a' }] } }] },
      {
        candidates: [{ content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 3 },
      },
    ];
    expect(json('google-generate', chunks)).toMatchObject({ text: 'ab', usage: { input: 3 }, stream: null });
    expect(
      json('google-generate', [{ error: { code: 500, status: 'INTERNAL', message: 'x' } }], { status: 500 }).error,
    ).toEqual({
      type: 'INTERNAL',
      code: 500,
      message: 'x',
      httpStatus: 500,
    });
  });

  test('interactions count thoughts and tool use apart as well', () => {
    const usage = {
      total_input_tokens: 4,
      total_output_tokens: 3,
      total_thought_tokens: 2,
      total_tool_use_tokens: 1,
      total_tokens: 10,
    };
    const reading = sse(
      'google-generate',
      { event_type: 'interaction.created', interaction: { id: 'i', status: 'in_progress', model: 'm' } },
      { event_type: 'step.start', index: 0, step: { type: 'function_call', id: 'f1', name: 'f', arguments: {} } },
      { event_type: 'step.delta', index: 0, delta: { type: 'arguments_delta', arguments: '{"a":1}' } },
      { event_type: 'step.delta', index: 1, delta: { type: 'text', text: 'hi' } },
      { event_type: 'interaction.completed', interaction: { id: 'i', status: 'completed', usage } },
    );
    expect(reading).toMatchObject({
      responseId: 'i',
      model: 'm',
      text: 'hi',
      finishReason: 'completed',
      stream: { ended: true },
    });
    expect(reading.usage).toMatchObject({ input: 4, output: 5, reasoning: 2, inputFull: 5, total: 10 });
    expect(reading.toolCalls).toEqual([{ id: 'f1', name: 'f', arguments: { a: 1 } }]);
  });
});
