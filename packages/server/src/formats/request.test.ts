import { describe, expect, test } from 'bun:test';
import { type RequestReading, readRequest } from './index.ts';

const bytes = (body: unknown) => new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
const NOTHING: RequestReading = { model: null, stream: false, streamOptions: 'none', maxOutputTokens: null };

describe('requests', () => {
  test.each<[rule: string, body: unknown, reading: Partial<RequestReading>]>([
    [
      'model, stream and bound',
      { model: 'm', stream: true, max_tokens: 5 },
      { model: 'm', stream: true, streamOptions: 'none', maxOutputTokens: 5 },
    ],
    ['the newer OpenAI name wins', { max_tokens: 5, max_completion_tokens: 6 }, { maxOutputTokens: 6 }],
    ['Responses', { max_output_tokens: 7 }, { maxOutputTokens: 7 }],
    ['Gemini', { generationConfig: { maxOutputTokens: 8 } }, { maxOutputTokens: 8 }],
    ['Converse', { inferenceConfig: { maxTokens: 9 } }, { maxOutputTokens: 9 }],
    ['Claude 2', { max_tokens_to_sample: 10 }, { maxOutputTokens: 10 }],
    ['Titan', { textGenerationConfig: { maxTokenCount: 11 } }, { maxOutputTokens: 11 }],
    ['Llama', { max_gen_len: 12 }, { maxOutputTokens: 12 }],
    ['TGI', { parameters: { max_new_tokens: 13 } }, { maxOutputTokens: 13 }],
    ['Ollama', { options: { num_predict: 14 } }, { maxOutputTokens: 14 }],
    ['Ollama without bound', { options: { num_predict: -1 } }, {}],
    ['Replicate', { input: { max_tokens: 15 } }, { maxOutputTokens: 15 }],
    ['watsonx', { model_id: 'g', parameters: { max_new_tokens: 16 } }, { model: 'g', maxOutputTokens: 16 }],
    ['wrong types', { model: 5, stream: 'yes', max_tokens: 'many' }, {}],
    ['a list', [{ model: 'm' }], {}],
    ['no JSON', 'model=m', {}],
    ['nothing', '', {}],
  ])('%s', (_rule, body, reading) => {
    expect(readRequest(bytes(body), 'application/json')).toEqual({ ...NOTHING, ...reading });
  });

  test('JSON is read whatever its content type', () => {
    expect(readRequest(bytes({ model: 'm' }), null).model).toBe('m');
  });

  test('a form names its model near the start', () => {
    const part = (name: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const file =
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\nID3\r\n';
    const form = (...parts: string[]) =>
      readRequest(bytes(`${parts.join('')}--b--\r\n`), 'multipart/form-data; boundary=b');
    expect(form(file, part('model', 'whisper-1'), part('stream', 'true'))).toEqual({
      ...NOTHING,
      model: 'whisper-1',
      stream: true,
    });
    expect(form(file)).toEqual(NOTHING);
    expect(form(part('file', 'x'.repeat(70_000)), part('model', 'whisper-1'))).toEqual(NOTHING);
  });
});
