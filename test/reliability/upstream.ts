import { type RawConnection, type RawRequest, type RawServer, serveRaw } from '../support/raw-http.ts';

/** What the provider of the reliability runs can do; the model's name asks for it. */
export const MODELS = ['plain', 'streamed', 'large', 'failing', 'flaky', 'cut', 'endless'] as const;
export type Model = (typeof MODELS)[number];

/** Size of the answers of `large`, in bytes. */
export const LARGE_BYTES = 256 * 1024;
export const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

export interface Asked {
  model: Model;
  /** Comes back in the answer: no two calls have the same. */
  nonce: string;
}

export function bodyOf({ model, nonce }: Asked): string {
  const stream = model === 'streamed' || model === 'cut' || model === 'endless';
  return JSON.stringify({ model, messages: [{ role: 'user', content: nonce }], ...(stream ? { stream } : {}) });
}

/** The answer that a client must get, whole; null for models that give none. */
export function answerTo({ model, nonce }: Asked): string | null {
  switch (model) {
    case 'plain':
    case 'flaky':
      return completion(nonce);
    case 'large':
      return completion(nonce, 'x'.repeat(LARGE_BYTES));
    case 'streamed':
      return [...events(nonce), lastEvent(), 'data: [DONE]\n\n'].join('');
    case 'failing':
      return JSON.stringify({ error: { message: nonce } });
    case 'cut':
    case 'endless':
      return null;
    default:
      return model satisfies never;
  }
}

function completion(nonce: string, filling = ''): string {
  const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: nonce + filling } }];
  return JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm-1', choices, usage: USAGE });
}

function events(nonce: string): string[] {
  const event = (content: string) =>
    `data: ${JSON.stringify({ id: 'c', model: 'm-1', choices: [{ index: 0, delta: { content } }] })}\n\n`;
  return [event(nonce), ...Array.from({ length: 8 }, (_, n) => event(` ${n}`))];
}

function lastEvent(): string {
  return `data: ${JSON.stringify({ id: 'c', model: 'm-1', choices: [], usage: USAGE })}\n\n`;
}

export interface Models extends RawServer {
  /** Requests that are not answered to their end yet. */
  openRequests(): number;
}

/** A provider that answers by the model that is asked for, and as fast as it can. */
export async function startModels(): Promise<Models> {
  const failedOnce = new Set<string>();
  let open = 0;
  const server = await serveRaw(async (request, connection) => {
    open += 1;
    await answer(read(request), connection).finally(() => {
      open -= 1;
    });
  });
  return { ...server, openRequests: () => open };

  async function answer(asked: Asked, connection: RawConnection): Promise<void> {
    switch (asked.model) {
      case 'failing':
        return whole(connection, 500, answerTo(asked) ?? '');
      case 'flaky':
        if (failedOnce.delete(asked.nonce)) return whole(connection, 200, answerTo(asked) ?? '');
        failedOnce.add(asked.nonce);
        return whole(connection, 503, '{"error":{"message":"try again"}}');
      case 'plain':
      case 'large':
        return whole(connection, 200, answerTo(asked) ?? '');
      case 'streamed':
        await pieces(connection, [...events(asked.nonce), lastEvent(), 'data: [DONE]\n\n']);
        return connection.write('0\r\n\r\n');
      case 'cut':
        await pieces(connection, events(asked.nonce));
        return connection.reset();
      case 'endless':
        await pieces(connection, events(asked.nonce));
        return connection.closed;
      default:
        return asked.model satisfies never;
    }
  }
}

function read(request: RawRequest): Asked {
  const { model, messages } = JSON.parse(Buffer.from(request.body).toString());
  return { model, nonce: messages[0].content };
}

function whole(connection: RawConnection, status: number, body: string): Promise<void> {
  const head = `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return connection.write(`${head}\r\n\r\n${body}`);
}

async function pieces(connection: RawConnection, list: readonly string[]): Promise<void> {
  await connection.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
  for (const piece of list) await connection.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
}
