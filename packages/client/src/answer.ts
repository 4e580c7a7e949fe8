import type { Endpoint, Envelope, ResultInfo } from '@headgate/contract';
import { HeadgateError } from './error.ts';
import type { Page } from './methods.ts';

/** What a call resolves with, and its version. */
export interface Answer {
  value: unknown;
  etag: string | null;
}

/**
 * Reads a success.
 * @throws HeadgateError `malformed` when it is not what the endpoint answers with.
 */
export async function readAnswer(endpoint: Endpoint, response: Response): Promise<Answer> {
  const etag = response.headers.get('etag');
  if (endpoint.reply === 'bytes') return { value: response, etag };
  const text = await response.text();
  try {
    return { value: unwrap(endpoint, JSON.parse(text)), etag };
  } catch (cause) {
    const message = 'The answer is not one of the Headgate API: check the base URL';
    throw new HeadgateError({ kind: 'malformed', message, response, cause });
  }
}

function unwrap(endpoint: Endpoint, body: Partial<Envelope<unknown>> & { data?: RouteList }): unknown {
  if (endpoint.reply === 'raw') return body.data === undefined ? body : pageOf(body.data);
  if (body.success !== true || body.result === undefined) throw new Error('no envelope');
  if (endpoint.reply === 'result') return body.result;
  if (!Array.isArray(body.result) || body.result_info === undefined) throw new Error('no page');
  return { items: body.result, info: body.result_info } satisfies Page<unknown>;
}

/** Lists of routes have their items under a name of theirs, beside the paging. */
type RouteList = Pick<ResultInfo, 'page' | 'per_page' | 'total_count'> & Record<string, unknown>;

function pageOf(data: RouteList): Page<unknown> {
  const items = Object.values(data).find(Array.isArray) ?? [];
  const { page, per_page, total_count } = data;
  return { items, info: { page, per_page, count: items.length, total_count } };
}
