/** One upstream for all providers: answers with the recording that a test has put up, and keeps what it was asked. */
import { responseBytes, type Recording } from './recordings.ts';

export interface Asked {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  /** Parsed where it is JSON. */
  body: unknown;
  bytes: Uint8Array;
}

export interface CannedAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: string | Uint8Array;
}

export interface CannedUpstream {
  url: string;
  /** What came in since the last `put`, oldest first. */
  asked: Asked[];
  /** Answers for the next requests, one each; the last one stays for all further ones. */
  put(...answers: CannedAnswer[]): void;
  stop(): Promise<void>;
}

export function startCannedUpstream(): CannedUpstream {
  const asked: Asked[] = [];
  let answers: CannedAnswer[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const bytes = await request.bytes();
      const headers = Object.fromEntries(request.headers);
      asked.push({ method: request.method, path: pathname + search, headers, body: parsed(bytes), bytes });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return new Response((answer?.body ?? 'no answer was put up') as BodyInit, {
        status: answer?.status ?? (answer === undefined ? 599 : 200),
        headers: { 'content-type': 'application/json', ...answer?.headers },
      });
    },
  });
  return {
    url: server.url.href.replace(/\/$/, ''),
    asked,
    put: (...next) => {
      asked.length = 0;
      answers = next;
    },
    stop: () => server.stop(true),
  };
}

/** The recorded answer. */
export function recorded(recording: Recording): CannedAnswer {
  const { status, headers } = recording.response;
  return { status, headers, body: responseBytes(recording) };
}

function parsed(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
