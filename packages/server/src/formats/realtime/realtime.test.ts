import { describe, expect, test } from 'bun:test';
import { type RealtimeFrame, readRealtime } from '../index.ts';

const received = (data: unknown): RealtimeFrame => ({ direction: 'received', data });

function done(usage: object | null, more: object = {}): RealtimeFrame {
  return received({ type: 'response.done', response: { status: 'completed', output: [], usage, ...more } });
}

describe('realtime sessions', () => {
  test('the usage of each response is added to the session’s', () => {
    const usage = {
      input_tokens: 2,
      output_tokens: 3,
      total_tokens: 5,
      input_token_details: { cached_tokens: 1, audio_tokens: 2 },
    };
    const reading = readRealtime([
      received({ type: 'session.created', session: { model: 'm' } }),
      done(usage),
      done(usage),
    ]);
    expect(reading).toMatchObject({ model: 'm', finishReason: 'completed', extra: { turns: 2 } });
    expect(reading.usage).toMatchObject({ input: 4, output: 6, total: 10, cacheRead: 2, audioInput: 4 });
    expect(reading.usageRaw).toEqual([usage, usage]);
    expect(reading.stream).toEqual({ events: 3, done: false, ended: true, malformed: 0 });
  });

  test('an empty usage in the response gives way to the one beside it (xAI)', () => {
    const beside = { type: 'response.done', response: { usage: {} }, usage: { input_tokens: 8, output_tokens: 1 } };
    expect(readRealtime([received(beside)]).usage).toMatchObject({ input: 8, output: 1 });
  });

  test('spoken and written text is read, and frames may be text', () => {
    const frames = [
      'response.output_text.delta',
      'response.output_audio_transcript.delta',
      'response.output_audio.delta',
    ];
    const reading = readRealtime(frames.map((type) => received(JSON.stringify({ type, delta: 'a' }))));
    expect(reading).toMatchObject({ text: 'aa', stream: { ended: false } });
  });

  test('a turn that was opened again has not ended', () => {
    expect(readRealtime([done(null), received({ type: 'response.created' })]).stream?.ended).toBe(false);
  });

  test('only an error event is the session’s error', () => {
    const error = { type: 'server_error', code: 'c', message: 'm' };
    const failed = received({ type: 'conversation.item.input_audio_transcription.failed', error });
    expect(readRealtime([failed]).error).toBeNull();
    expect(readRealtime([failed, received({ type: 'error', error })]).error).toMatchObject(error);
  });

  test('what the client sends is neither read nor counted', () => {
    const sent: RealtimeFrame = { direction: 'sent', data: { type: 'response.output_text.delta', delta: 'x' } };
    expect(readRealtime([sent, received('no json')])).toMatchObject({
      text: null,
      stream: { events: 1, malformed: 1 },
    });
  });

  test('Gemini Live counts thoughts as output and adds its turns', () => {
    const turn = (text: string) => [
      received({
        serverContent: { modelTurn: { parts: [{ text: 'hm', thought: true }] }, outputTranscription: { text } },
      }),
      received({
        serverContent: { turnComplete: true },
        usageMetadata: { promptTokenCount: 5, responseTokenCount: 2, thoughtsTokenCount: 1, totalTokenCount: 8 },
      }),
    ];
    const calls = received({ toolCall: { functionCalls: [{ id: 'i', name: 'f', args: { a: 1 } }] } });
    const reading = readRealtime([received({ setupComplete: {} }), calls, ...turn('a'), ...turn('b')]);
    expect(reading).toMatchObject({ text: 'ab', usage: { input: 10, output: 6, total: 16 }, extra: { turns: 2 } });
    expect(reading.toolCalls).toEqual([{ id: 'i', name: 'f', arguments: { a: 1 } }]);
    expect(reading.stream?.ended).toBe(true);
  });
});
