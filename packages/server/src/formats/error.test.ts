import { describe, expect, test } from 'bun:test';
import type { ReadError } from './index.ts';
import { json, read } from './test-support.ts';

type Named = Partial<Omit<ReadError, 'httpStatus'>>;

describe('errors of failed answers', () => {
  test.each<[who: string, body: unknown, error: Named]>([
    ['OpenAI', { error: { message: 'm', type: 't', param: null, code: 'c' } }, { type: 't', code: 'c', message: 'm' }],
    ['Azure’s code, a text of digits', { error: { code: '401', message: 'm' } }, { code: '401', message: 'm' }],
    ['OpenRouter’s code, a number', { error: { code: 429, message: 'm', metadata: {} } }, { code: 429, message: 'm' }],
    ['Anthropic', { type: 'error', error: { type: 't', message: 'm' } }, { type: 't', message: 'm' }],
    [
      'Google',
      { error: { code: 404, message: 'm', status: 'NOT_FOUND' } },
      { type: 'NOT_FOUND', code: 404, message: 'm' },
    ],
    [
      'Google, in a list',
      [{ error: { code: 400, message: 'm', status: 'S' } }],
      { type: 'S', code: 400, message: 'm' },
    ],
    ['Bedrock', { message: 'm' }, { message: 'm' }],
    ['AWS', { __type: 'ThrottlingException', message: 'm' }, { type: 'ThrottlingException', message: 'm' }],
    ['Cohere', { id: 'i', message: 'm' }, { message: 'm' }],
    [
      'Mistral',
      { object: 'error', message: 'm', type: 't', param: null, code: '1500' },
      { type: 't', code: '1500', message: 'm' },
    ],
    ['Mistral, nested', { object: 'error', message: { detail: [{ msg: 'a' }, { msg: 'b' }] } }, { message: 'a; b' }],
    ['FastAPI', { detail: [{ loc: ['body'], msg: 'field required', type: 'missing' }] }, { message: 'field required' }],
    ['Voyage', { detail: 'm' }, { message: 'm' }],
    ['ElevenLabs', { detail: { status: 'invalid_api_key', message: 'm' } }, { type: 'invalid_api_key', message: 'm' }],
    ['Replicate', { title: 'T', detail: 'm', status: 402 }, { message: 'm' }],
    ['TGI', { error: 'm', error_type: 'overloaded' }, { type: 'overloaded', message: 'm' }],
    ['Hugging Face, a list', { error: ['a', 'b'] }, { message: 'a; b' }],
    ['xAI', { code: 'The caller', error: 'm' }, { code: 'The caller', message: 'm' }],
    ['watsonx', { errors: [{ code: 'c', message: 'm' }], trace: 't' }, { code: 'c', message: 'm' }],
    ['Writer', { errors: [{ description: 'm', key: 'k' }], tpe: 'x' }, { message: 'm' }],
    [
      'Workers AI',
      { success: false, result: {}, errors: [{ code: 7009, message: 'm' }] },
      { code: 7009, message: 'm' },
    ],
    ['an object that says nothing', { a: 1 }, {}],
  ])('%s', (_who, body, error) => {
    const expected = { type: null, code: null, message: null, ...error, httpStatus: 400 };
    expect(json('unknown', body, { status: 400 }).error).toEqual(expected);
  });

  test('AWS names the kind of error in a header', () => {
    const headers = { 'x-amzn-errortype': 'ValidationException:http://internal.amazon.com/coral/' };
    const reading = json('bedrock-converse', { message: 'm' }, { status: 400, headers });
    expect(reading.error).toMatchObject({ type: 'ValidationException', message: 'm' });
  });

  test('what is no JSON is the message, shortened', () => {
    const page = `  <html>${'x'.repeat(5000)}`;
    const reading = read({ format: 'openai-chat', status: 502, type: 'text/html' }, page);
    expect(reading.error).toEqual({ type: null, code: null, message: page.trim().slice(0, 2000), httpStatus: 502 });
    expect(read({ format: 'openai-chat', status: 500 }, '{"error":').error?.message).toBe('{"error":');
  });

  test('an empty body is an error without words', () => {
    const error = { type: null, code: null, message: null, httpStatus: 503 };
    expect(read({ format: 'openai-chat', status: 503, type: null }, '').error).toEqual(error);
  });

  test('a failed answer may be a stream', () => {
    const body = 'event: error\ndata: {"message":"m","code":"c"}\n\n';
    const reading = read({ format: 'openai-chat', status: 400, type: 'text/event-stream' }, body);
    expect(reading.error).toEqual({ type: null, code: 'c', message: 'm', httpStatus: 400 });
  });

  test('deep nesting is no message and no failure', () => {
    const deep = `{"detail":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(read({ format: 'unknown', status: 400 }, deep).error?.message ?? null).toBeNull();
  });
});

describe('errors inside a success', () => {
  test.each<[rule: string, body: unknown, error: Named | null]>([
    ['an error object', { error: { message: 'm', type: 't' } }, { type: 't', message: 'm' }],
    ['an error text', { id: 'p', error: 'NSFW content' }, { message: 'NSFW content' }],
    [
      'a refusal in Cloudflare’s envelope',
      { success: false, errors: [{ code: 1, message: 'm' }] },
      { code: 1, message: 'm' },
    ],
    ['no error', { error: null, errors: [], choices: [] }, null],
    ['an empty error', { error: {} }, null],
    ['a `message` that is none', { message: 'hello', detail: 'x' }, null],
  ])('%s', (_rule, body, error) => {
    const expected = error === null ? null : { type: null, code: null, message: null, ...error, httpStatus: 200 };
    expect(json('unknown', body).error).toEqual(expected);
  });

  test('the first error counts', () => {
    const events = '{"error":"first"}\n{"error":"second"}\n';
    expect(read({ format: 'ollama', type: 'application/x-ndjson' }, events).error?.message).toBe('first');
  });
});
