import { API_BASE, type Endpoint } from '@headgate/contract';
import type { CallOptions } from './methods.ts';

/** Variables of the path, query parameters and body of a call, by name. */
export type Input = Readonly<Record<string, unknown>>;

export interface Prepared {
  /** Path and query, below the base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * Turns an input into a request.
 * @throws TypeError for a path variable that is missing or would name another resource, and for a name that the
 * endpoint does not have: the server ignores unknown parameters, so a misspelt condition would match everything.
 */
export function prepare(endpoint: Endpoint, input: Input, options: CallOptions): Prepared {
  const rest = new Map(Object.entries(input));
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    // An empty segment, `.` and `..` are dropped from URLs: the call would reach the parent.
    if (typeof value !== 'string' || /^\.{0,2}$/.test(value)) throw new TypeError(`${name}: expected an id`);
    return encodeURIComponent(value);
  });
  const headers: Record<string, string> = {};
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  let body: string | null = null;
  if (endpoint.body !== null) {
    body = JSON.stringify(rest.get('body') ?? null);
    headers['content-type'] = 'application/json';
    rest.delete('body');
  }
  return { path: `${API_BASE}${path}${queryText(endpoint, rest)}`, headers, body };
}

function queryText(endpoint: Endpoint, parameters: ReadonlyMap<string, unknown>): string {
  const known = queryNames(endpoint);
  const query = new URLSearchParams();
  for (const [name, value] of parameters) {
    if (!known.includes(name))
      throw new TypeError(`${name}: ${endpoint.method} ${endpoint.path} has no such parameter`);
    if (!Array.isArray(value)) query.append(name, String(value));
    // A list of objects travels as one JSON text, a list of texts as one parameter each.
    else if (value.some((item) => typeof item === 'object')) query.append(name, JSON.stringify(value));
    else for (const item of value) query.append(name, String(item));
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** Names of the query parameters that an endpoint takes. */
export function queryNames(endpoint: Endpoint): string[] {
  return 'shape' in endpoint.query ? Object.keys(endpoint.query.shape as object) : [];
}
