import { expect, test } from 'bun:test';
import { HELLO, startSandbox } from '../../../../test/support/sandbox.ts';

const BODY = { messages: HELLO, stream: true };
const PATH = '/v1/chat/completions';

/** Reads one chunk, or says how the body ended. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { done, value } = await reader.read();
  return done ? 'end' : new TextDecoder().decode(value);
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error('the answer has no body');
  return response.body.getReader();
}

test('slow sends nothing, headers included, before its first token is due, then keeps its rate', async () => {
  const { clock, call } = startSandbox();
  const answering = call(PATH, { ...BODY, model: 'slow-2000-50-3' });
  await clock.whenPending();
  clock.advance(1_999);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  const reader = readerOf(await answering);
  expect(await next(reader)).toContain('"role":"assistant"');
  expect(await next(reader)).toContain('"sit"');
  const second = next(reader);
  await clock.whenPending();
  clock.advance(19);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  expect(await second).toContain('" lorem"');
});

test('a reader that fell behind gets what is due at once', async () => {
  const { clock, call } = startSandbox();
  const reader = readerOf(await call(PATH, { ...BODY, model: 'slow-0-1-4' }));
  clock.advance(10_000);
  let text = '';
  for (let part = await next(reader); part !== 'end'; part = await next(reader)) text += part;
  expect(text).toEndWith('data: [DONE]\n\n');
  expect(clock.pending).toBe(0);
});

test('a plain slow answer takes as long as its tokens', async () => {
  const { clock, call } = startSandbox();
  const answering = call(PATH, { model: 'slow-100-10-3', messages: HELLO });
  await clock.whenPending();
  clock.advance(299);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  expect((await answering).status).toBe(200);
});

test('nothing is made before it is read', async () => {
  const { clock, call } = startSandbox();
  const response = await call(PATH, { ...BODY, model: 'slow-0-1-4' });
  expect(clock.pending).toBe(0);
  const reader = readerOf(response);
  await next(reader);
  await next(reader);
  expect(clock.pending).toBe(0);
});

test.each([PATH, '/v1/responses', '/v1/messages'])('cut on %s breaks the stream after its tokens', async (path) => {
  const { call, clock } = startSandbox();
  const body = { model: 'cut-3', messages: HELLO, input: 'x', max_tokens: 50, stream: true };
  const reader = readerOf(await call(path, body));
  clock.advance(30);
  let text = '';
  const all = async () => {
    for (let part = await next(reader); part !== 'end'; part = await next(reader)) text += part;
  };
  await expect(all()).rejects.toThrow('the sandbox cut the connection');
  expect(text.match(/"(content|delta|text)":" ?(sit|lorem|ipsum)"/g)).toHaveLength(3);
  expect(text).not.toMatch(/\[DONE\]|message_stop|completed/);
});

test('cut breaks a plain answer in the middle of its JSON', async () => {
  const { call, clock } = startSandbox();
  const answering = call(PATH, { model: 'cut', messages: HELLO });
  await clock.whenPending();
  clock.advance(1_000);
  const response = await answering;
  expect(response.status).toBe(200);
  const reader = readerOf(response);
  expect(await next(reader)).toStartWith('{"id":"chatcmpl-');
  const cut = next(reader);
  await clock.whenPending();
  clock.advance(10);
  await expect(cut).rejects.toThrow('the sandbox cut the connection');
});

test('the cut comes after the last token has had time to go out', async () => {
  const { call, clock } = startSandbox();
  const reader = readerOf(await call(PATH, { ...BODY, model: 'cut-1' }));
  await next(reader);
  expect(await next(reader)).toContain('"sit"');
  const cut = next(reader);
  await clock.whenPending();
  clock.advance(9);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  await expect(cut).rejects.toThrow('the sandbox cut the connection');
});

test('an answer shorter than the cut still breaks before its end', async () => {
  const { call, clock } = startSandbox();
  const response = await call(PATH, { ...BODY, model: 'cut-30', max_tokens: 2 });
  clock.advance(1_000);
  await expect(response.text()).rejects.toThrow('the sandbox cut the connection');
});

test('cut-0 breaks before the first byte of the body', async () => {
  const { call } = startSandbox();
  await expect(next(readerOf(await call(PATH, { ...BODY, model: 'cut-0' })))).rejects.toThrow('cut');
});

test.each([true, false])('stall stays open without an end until the caller leaves (stream %p)', async (stream) => {
  const { call, clock } = startSandbox();
  const caller = new AbortController();
  const answering = call(PATH, { messages: HELLO, model: 'stall-1', stream }, { signal: caller.signal });
  if (!stream) {
    await clock.whenPending();
    clock.advance(1_000);
  }
  const response = await answering;
  const reader = readerOf(response);
  await next(reader);
  if (stream) expect(await next(reader)).toContain('"sit"');
  let settled = false;
  const stalled = next(reader).finally(() => {
    settled = true;
  });
  clock.advance(3_600_000);
  await Promise.resolve();
  expect(settled).toBe(false);
  caller.abort(new Error('the caller left'));
  await expect(stalled).rejects.toThrow('the caller left');
});

test('an abort before the first byte rejects the call and stops the timer', async () => {
  const { call, clock } = startSandbox();
  const caller = new AbortController();
  const answering = call(PATH, { ...BODY, model: 'slow-5000' }, { signal: caller.signal });
  await clock.whenPending();
  caller.abort(new Error('the caller left'));
  await expect(answering).rejects.toThrow('the caller left');
  expect(clock.pending).toBe(0);
});

test('an abort between two tokens breaks the body and stops the timer', async () => {
  const { call, clock } = startSandbox();
  const caller = new AbortController();
  const reader = readerOf(await call(PATH, { ...BODY, model: 'slow-0-1' }, { signal: caller.signal }));
  await next(reader);
  await next(reader);
  const waiting = next(reader);
  await clock.whenPending();
  caller.abort(new Error('the caller left'));
  await expect(waiting).rejects.toThrow('the caller left');
  expect(clock.pending).toBe(0);
});

test('an abort while nobody reads breaks the next read', async () => {
  const { call } = startSandbox();
  const caller = new AbortController();
  const reader = readerOf(await call(PATH, { ...BODY, model: 'lorem-1' }, { signal: caller.signal }));
  await next(reader);
  await next(reader);
  caller.abort(new Error('the caller left'));
  await expect(next(reader)).rejects.toThrow('the caller left');
});

test('a reader that cancels stops the timer', async () => {
  const { call, clock } = startSandbox();
  const reader = readerOf(await call(PATH, { ...BODY, model: 'slow-0-1' }));
  await next(reader);
  await next(reader);
  const waiting = next(reader);
  await clock.whenPending();
  await reader.cancel();
  expect(await waiting).toBe('end');
  expect(clock.pending).toBe(0);
});

test('a call whose signal is aborted already is rejected', async () => {
  const { call } = startSandbox();
  const signal = AbortSignal.abort(new Error('gone'));
  await expect(call(PATH, { ...BODY, model: 'echo' }, { signal })).rejects.toThrow('gone');
});
