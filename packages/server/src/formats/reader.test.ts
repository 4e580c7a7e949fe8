import { describe, expect, test } from 'bun:test';
import { DONE, json, read, sse } from './test-support.ts';

describe('others', () => {
  test('a total alone is the input of what generates nothing (Voyage)', () => {
    const body = { object: 'list', data: [{ embedding: [1] }], model: 'voyage-3', usage: { total_tokens: 43 } };
    expect(json('openai-embeddings', body)).toMatchObject({
      model: 'voyage-3',
      usage: { input: 43, output: null, total: 43 },
    });
  });

  test('a list from TGI finds its prompt tokens in a header', () => {
    const body = [{ generated_text: 'a', details: { finish_reason: 'eos_token', generated_tokens: 75 } }];
    const headers = { 'x-prompt-tokens': '16', 'x-generated-tokens': '75' };
    expect(json('tgi', body, { headers })).toMatchObject({ text: 'a', usage: { input: 16, output: 75 } });
  });

  test('a TGI stream leaves special tokens out of the text', () => {
    const last = {
      token: { text: '</s>', special: true },
      generated_text: 'a',
      details: { finish_reason: 'eos_token', generated_tokens: 2 },
    };
    expect(sse('tgi', { token: { text: 'a', special: false } }, last)).toMatchObject({
      text: 'a',
      usage: { output: 2 },
    });
  });

  test('Ollama leaves out the count of a prompt that it had cached', () => {
    const lines =
      '{"model":"m","message":{"content":"a"},"done":false}\n{"model":"m","done":true,"done_reason":"stop","eval_count":5}\n';
    const reading = read({ format: 'ollama', type: 'application/x-ndjson' }, lines);
    expect(reading).toMatchObject({
      text: 'a',
      usage: { input: null, output: 5, inputFull: null },
      stream: { ended: true },
    });
  });

  test('Replicate streams plain text, in several data lines, even where it looks like JSON', () => {
    const reading = sse(
      'unknown',
      'event: output\ndata: 4\ndata: 2\n\n',
      'event: output\ndata: {}\n\n',
      'event: done\ndata: {}\n\n',
    );
    expect(reading).toMatchObject({ text: '4\n2{}', stream: { events: 3, ended: true, malformed: 0 } });
  });

  test('Replicate’s pieces of text are one text, addresses of files are none', () => {
    const prediction = { id: 'p', urls: {}, status: 'succeeded', version: 'v', model: 'o/n' };
    const metrics = { input_token_count: 3, output_token_count: 2, predict_time: 1.5 };
    expect(json('replicate', { ...prediction, output: ['a', 'b'], metrics })).toMatchObject({
      text: 'ab',
      finishReason: 'succeeded',
      usage: { input: 3, output: 2, units: { predict_time: 1.5 } },
    });
    expect(json('replicate', { ...prediction, output: ['https://replicate.delivery/x.png'] }).text).toBeNull();
  });

  test('Workers AI answers in Cloudflare’s envelope, whatever stands in it', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const envelope = (result: object) => ({ result, success: true, errors: [], messages: [] });
    const own = envelope({ response: 'a', tool_calls: [{ name: 'f', arguments: { x: 1 } }], usage });
    expect(json('workers-ai', own)).toMatchObject({
      text: 'a',
      usage: { input: 3, output: 2 },
      toolCalls: [{ id: null, name: 'f', arguments: { x: 1 } }],
    });
    const chat = envelope({ object: 'chat.completion', choices: [{ message: { content: 'b' } }], usage });
    expect(json('workers-ai', chat)).toMatchObject({ text: 'b', usage: { input: 3 } });
    const refused = { result: null, success: false, errors: [{ code: 5007, message: 'No such model' }] };
    expect(json('workers-ai', refused, { status: 400 }).error).toMatchObject({ code: 5007, message: 'No such model' });
  });

  test('Workers AI streams pieces of `response`', () => {
    const reading = sse(
      'workers-ai',
      { response: 'a', p: 'x' },
      { response: 'b' },
      { response: '', usage: { prompt_tokens: 1 } },
      DONE,
    );
    expect(reading).toMatchObject({ text: 'ab', usage: { input: 1 }, stream: { done: true, ended: true } });
  });

  test('transcriptions count tokens or seconds', () => {
    const tokens = { type: 'tokens', input_tokens: 9, output_tokens: 4, input_token_details: { audio_tokens: 8 } };
    expect(json('openai-audio', { text: 'a', usage: tokens })).toMatchObject({
      text: 'a',
      usage: { input: 9, audioInput: 8 },
    });
    expect(json('openai-audio', { text: 'a', usage: { type: 'duration', seconds: 3 } }).usage?.units).toEqual({
      seconds: 3,
    });
    expect(json('openai-audio', { task: 'transcribe', duration: 8.5, text: 'a' }).usage?.units).toEqual({
      seconds: 8.5,
    });
  });

  test('generated images are a unit, whether or not tokens are counted', () => {
    const usage = { input_tokens: 5, output_tokens: 1000, input_tokens_details: { text_tokens: 4, image_tokens: 1 } };
    expect(json('openai-images', { created: 1, data: [{ b64_json: '' }, { b64_json: '' }] }).usage).toMatchObject({
      input: null,
      units: { images: 2 },
    });
    const stream = sse(
      'openai-images',
      { type: 'image_generation.partial_image' },
      { type: 'image_generation.completed', usage },
    );
    expect(stream).toMatchObject({ usage: { input: 5, imageInput: 1, units: { images: 1 } }, stream: { ended: true } });
  });

  test('an answer of no known shape still gives its usage in known words', () => {
    const body = { id: 'x', model: 'm', usage: { prompt_tokens: 2, completion_tokens: 1 }, outputs: 'odd' };
    expect(json('unknown', body)).toMatchObject({ responseId: 'x', model: 'm', usage: { input: 2, output: 1 } });
  });
});
