import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { Fields } from '../../packages/server/src/lib/index.ts';
import { FakeClock } from './fake-clock.ts';
import { createSandbox, type SandboxRequest } from '../../packages/server/src/sandbox/index.ts';

/** A sandbox on a clock that stands still, and a short way to call it. */
export function startSandbox() {
  const clock = new FakeClock();
  const sandbox = createSandbox({ clock });
  const call = (path: string, body?: unknown, options: Partial<SandboxRequest> = {}): Promise<Response> =>
    sandbox({
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: new Fields(),
      body: new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body)),
      signal: new AbortController().signal,
      ...options,
    });
  return { clock, sandbox, call };
}

export const HELLO = [{ role: 'user', content: 'Say hello' }];

/** The events of a stream: name (null where there is none) and data, parsed unless it is no JSON. */
export function events(text: string): { name: string | null; data: unknown }[] {
  const blocks = text.split('\n\n');
  if (blocks.pop() !== '') throw new Error('the stream does not end with an empty line');
  return blocks.map((block) => {
    const name = /^event: (.*)$/m.exec(block)?.[1] ?? null;
    const data = /^data: (.*)$/m.exec(block)?.[1] ?? '';
    return { name, data: data === '[DONE]' ? data : JSON.parse(data) };
  });
}

/** The official clients, talking to a sandbox instead of the network. They retry nothing. */
export function startClients() {
  const started = startSandbox();
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    return started.sandbox({
      method: init.method ?? 'GET',
      path: url.pathname,
      headers: Fields.of(new Headers(init.headers)),
      body: new TextEncoder().encode(typeof init.body === 'string' ? init.body : ''),
      signal: init.signal ?? new AbortController().signal,
    });
  };
  const options = { apiKey: 'none', fetch: send, maxRetries: 0 };
  return {
    ...started,
    openai: new OpenAI({ ...options, baseURL: 'http://sandbox/v1' }),
    anthropic: new Anthropic({ ...options, baseURL: 'http://sandbox' }),
  };
}

/** What a call of a client is rejected with. (The clients' promises are lazy, which `expect().rejects` does not expect.) */
export function rejection(asked: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(
    asked.then(
      () => null,
      (error: unknown) => error,
    ),
  );
}
