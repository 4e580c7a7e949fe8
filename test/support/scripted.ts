/** Providers that answer from a script. */
import type { RawConnection, RawHandler } from './raw-http.ts';
import { OK_ANSWER } from './walk.ts';

/** A whole JSON answer. */
export const answer = (status: number, body = '{}', headers = '') =>
  `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

/** Answers in turn; the last one again and again. */
export function scripted(...script: (string | ((connection: RawConnection) => void))[]): RawHandler {
  let at = 0;
  return async (_request, connection) => {
    const next = script[Math.min(at, script.length - 1)] ?? OK_ANSWER;
    at += 1;
    if (typeof next === 'string') await connection.write(next);
    else next(connection);
  };
}

/** One chunk of the chunked transfer coding. */
export const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
/** Head of an event stream. */
export const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
/** A piece of a chat stream. */
export const delta = (content: string) =>
  `data: {"id":"c","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
/** The usage at the end of one. */
export const usageEvent =
  'data: {"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n';

/** A provider that the test drives: each connection waits in turn. */
export function driven(): { handler: RawHandler; connection: Promise<RawConnection> } {
  const { promise, resolve } = Promise.withResolvers<RawConnection>();
  return {
    connection: promise,
    handler: async (_request, connection) => {
      resolve(connection);
      await connection.closed;
    },
  };
}
