import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One recorded exchange over HTTP between a client library and a provider. */
export interface Recording {
  id: string;
  provider: string;
  /** Who spoke, where the provider has no name of its own. */
  vendor: string | null;
  kind: string;
  /** Shape of the answer, e.g. `openai-chat`. */
  dialect: string;
  streaming: boolean;
  stream_format: 'sse' | 'ndjson' | 'eventstream' | null;
  request: {
    method: string;
    url: string;
    headers: Record<string, string>;
    model: string | null;
    body?: unknown;
    body_encoding: 'json' | 'text' | 'base64' | 'none';
  };
  response: {
    status: number;
    headers: Record<string, string>;
    /** Content coding undone. */
    body: string;
    body_encoding: 'utf8' | 'base64';
  };
  /** What a gateway should read out of the answer; null where the provider said nothing. */
  expected: {
    model: string | null;
    finish_reason: string | null;
    tokens_in: number | null;
    tokens_out: number | null;
    tokens_total: number | null;
    tokens_in_full: number | null;
    cache_read_tokens: number | null;
    cache_write_tokens: number | null;
    reasoning_tokens: number | null;
    text: string | null;
    tool_calls: { id: string | null; name: string | null }[];
    error: { message: string | null } | null;
    stream: { complete: boolean | null } | null;
  };
}

/**
 * The recordings of a folder of `PROVIDER.KIND.json` files, in the order of their ids. WebSocket sessions have no body and
 * are left out. Rejects when the folder cannot be read or holds none.
 */
export async function loadRecordings(folder: string): Promise<Recording[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const recordings = texts.flatMap((text) => JSON.parse(text) as Recording[]);
  if (recordings.length === 0) throw new Error(`${folder} holds no recordings`);
  return recordings
    .filter((recording) => String(recording.stream_format) !== 'websocket')
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The request's body as it went to the provider; null when there was none. */
export function requestBytes({ request }: Recording): Buffer<ArrayBuffer> | null {
  switch (request.body_encoding) {
    case 'none':
      return null;
    case 'json':
      return Buffer.from(JSON.stringify(request.body));
    case 'text':
      return Buffer.from(String(request.body));
    case 'base64':
      return Buffer.from(String(request.body), 'base64');
    default:
      return request.body_encoding satisfies never;
  }
}

/** The answer's body as the provider sent it, content coding undone. */
export function responseBytes({ response }: Recording): Buffer {
  return Buffer.from(response.body, response.body_encoding);
}
