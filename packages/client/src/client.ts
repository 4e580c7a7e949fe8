import { API_BASE, type Endpoint, endpointList } from '@headgate/contract';
import { type Answer, readAnswer } from './answer.ts';
import { HeadgateError } from './error.ts';
import type { CallOptions, Methods, Page, SafeMethods, SafeResult } from './methods.ts';
import { type Input, prepare, queryNames } from './request.ts';
import { send, sleep, type Transport } from './send.ts';

export interface ClientOptions {
  /** Where Headgate is, e.g. `http://127.0.0.1:8787`; with or without `/client/v4`. Empty: the page's own origin. */
  baseUrl: string;
  /** An access token. Left out: none is sent. */
  token?: string;
  /** Account of calls that name none. Default `local`, as the server's. */
  account?: string;
  /** Default: the platform's. */
  fetch?: Transport['fetch'];
  /** Tries after the first one. Default 2. */
  retries?: number;
  /** For each try, to the head of the answer and, where it is JSON, to its end. Default 60,000. */
  timeoutMs?: number;
  /** How to wait between tries; for tests. */
  sleep?: Transport['sleep'];
  /** The jitter of waiting, from 0 to 1; for tests. */
  random?: Transport['random'];
}

/**
 * One function per endpoint, by group and name: `client.gateways.get({ id })`. They reject with a `HeadgateError`;
 * those below `safe` resolve with `{ ok: false, error }` instead.
 */
export type Client = Methods & { readonly safe: SafeMethods };

export type AnyCall = (input?: Input, options?: CallOptions) => Promise<unknown>;

export function createClient(options: ClientOptions): Client {
  const wire = wireOf(options);
  const throwing: Record<string, Record<string, AnyCall>> = {};
  const safe: Record<string, Record<string, AnyCall>> = {};
  for (const [operation, endpoint] of endpointList) {
    const [group = '', name = ''] = operation.split('.');
    const plain: AnyCall = async (input, callOptions) => (await call(wire, endpoint, { input, callOptions })).value;
    throwing[group] ??= {};
    throwing[group][name] = isList(endpoint) ? Object.assign(plain, { iterate: iterator(plain) }) : plain;
    safe[group] ??= {};
    safe[group][name] = (input, callOptions) => settled(call(wire, endpoint, { input, callOptions }));
  }
  // The types and the loop above read the same records; `client.test.ts` compares the two lists.
  return { ...throwing, safe } as unknown as Client;
}

interface Wire {
  readonly base: string;
  readonly account: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Transport;
}

function wireOf(options: ClientOptions): Wire {
  return {
    base: options.baseUrl.replace(/\/+$/, '').replace(new RegExp(`${API_BASE}$`), ''),
    account: options.account ?? 'local',
    headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
    transport: {
      fetch: options.fetch ?? ((url, init) => fetch(url, init)),
      retries: options.retries ?? 2,
      timeoutMs: options.timeoutMs ?? 60_000,
      sleep: options.sleep ?? sleep,
      random: options.random ?? Math.random,
    },
  };
}

async function call(
  wire: Wire,
  endpoint: Endpoint,
  { input = {}, callOptions = {} }: { input: Input | undefined; callOptions: CallOptions | undefined },
): Promise<Answer> {
  const given = defined(input);
  const defaults = endpoint.path.includes('{account_id}') ? { account_id: wire.account } : {};
  const { path, headers, body } = prepare(endpoint, { ...defaults, ...given }, callOptions);
  const request = {
    url: wire.base + path,
    init: { method: endpoint.method, headers: { ...wire.headers, ...headers }, body },
    signal: callOptions.signal,
    // A second deletion of "at most so many" would delete as many again.
    repeatable: endpoint.method !== 'POST' && !(endpoint.method === 'DELETE' && 'limit' in given),
  };
  return send(wire.transport, request, (response) => readAnswer(endpoint, response));
}

function defined(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

async function settled(answer: Promise<Answer>): Promise<SafeResult<unknown>> {
  try {
    return { ok: true, ...(await answer) };
  } catch (error) {
    if (error instanceof HeadgateError) return { ok: false, error };
    throw error;
  }
}

/** Whether an endpoint answers with one page of many. */
function isList(endpoint: Endpoint): boolean {
  return queryNames(endpoint).includes('page');
}

function iterator(list: AnyCall) {
  return async function* iterate(
    input: Input = {},
    options: CallOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    for (let page = Number(input.page ?? 1); ; page++) {
      const { items } = (await list({ ...input, page }, options)) as Page<unknown>;
      if (items.length === 0) return;
      yield* items;
    }
  };
}
