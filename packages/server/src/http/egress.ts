import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type FailureReason, type Send, UpstreamFailure, type UpstreamRequest } from '../gateway/index.ts';
import { isPrivateHost } from '../lib/index.ts';

/** Answers requests to a scheme of our own without leaving the process, e.g. `sandbox:`. */
export type LocalHandler = (request: UpstreamRequest) => Promise<Response>;

export interface EgressOptions {
  /** Handlers by URL scheme, without the colon. */
  local: ReadonlyMap<string, LocalHandler>;
  /** Hosts that URLs given by clients and users may reach although they are private or without TLS. */
  mayBePrivate: (hostname: string) => boolean;
  /** Addresses of a host name; default: the system's resolver. */
  resolve?: (hostname: string) => Promise<string[]>;
  /** Certificates (PEM) that servers of user-given URLs may be certified by, in place of the usual ones. */
  ca?: string;
}

/**
 * The one way out: every outbound request of the process goes through here. Redirects are not followed, content coding
 * is left as sent, nothing is retried beyond what the connection pool does for a connection that was closed while idle.
 * Where the host was given by a client or user it must be https and public, or allowed, every time: its name is resolved
 * once, and the connection goes to the very addresses that were looked at.
 */
export function createEgress(options: EgressOptions): Send {
  return (request) => {
    const local = options.local.get(request.url.slice(0, request.url.indexOf(':')));
    if (local !== undefined) return local(request);
    return request.userGiven ? askUserGiven(request, options) : ask(request, request.url);
  };
}

async function askUserGiven(request: UpstreamRequest, options: EgressOptions): Promise<Response> {
  const url = new URL(request.url);
  const addresses = await checkedAddresses(url, options);
  return addresses === null ? ask(request, request.url) : askPinned(request, url, { addresses, ca: options.ca });
}

interface Pinning {
  /** The name that the server must be certified for, where the URL has its address instead. */
  serverName: string;
  ca: string | undefined;
}

function ask({ method, headers, body, signal }: UpstreamRequest, url: string, pinning?: Pinning): Promise<Response> {
  const init: BunRequestInit = {
    method,
    headers: headers.record,
    signal,
    redirect: 'manual',
    // Bun's own: leave gzip, br and zstd as sent; no limit beside ours.
    decompress: false,
    timeout: false,
  };
  // A view on bytes that we own; `fetch` copies nothing.
  if (body !== null) init.body = body as BodyInit;
  // Sent as SNI, checked against the certificate, and part of the key of pooled connections.
  if (pinning !== undefined) init.tls = pinning;
  return fetch(url, init as RequestInit).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new UpstreamFailure(reasonOf(error), { cause: error });
  });
}

/** What the runtime's `fetch` takes beside the standard's. */
interface BunRequestInit extends RequestInit {
  decompress?: boolean;
  timeout?: boolean;
  tls?: Pinning;
}

/** Tries one address after the other until one takes the connection: a request that was sent is not sent again. */
async function askPinned(
  request: UpstreamRequest,
  url: URL,
  { addresses, ca }: { addresses: readonly string[]; ca: string | undefined },
): Promise<Response> {
  const { host, hostname } = url;
  const headers = request.headers.copy();
  headers.set('host', host);
  let failure: unknown = new UpstreamFailure('dns');
  for (const address of addresses) {
    const pinned = new URL(url);
    pinned.hostname = address.includes(':') ? `[${address}]` : address;
    try {
      return await ask({ ...request, headers }, pinned.href, { serverName: hostname.replace(/\.$/, ''), ca });
    } catch (error) {
      failure = error;
      if (!(error instanceof UpstreamFailure) || error.reason !== 'connect_refused') break;
    }
  }
  throw failure;
}

/** Where a user-given URL may connect to; null: to the host as it stands in the URL. @throws UpstreamFailure */
async function checkedAddresses(
  url: URL,
  { mayBePrivate, resolve = systemResolve }: EgressOptions,
): Promise<readonly string[] | null> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (mayBePrivate(host)) return null;
  if (url.protocol !== 'https:') throw new UpstreamFailure('blocked', { detail: 'only https may be called' });
  if (isPrivateHost(host)) throw new UpstreamFailure('blocked', { detail: 'this host may not be called' });
  if (isIP(host) !== 0) return null;
  let addresses: string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    throw new UpstreamFailure('dns', { cause: error });
  }
  if (addresses.some((address) => isPrivateHost(address) && !mayBePrivate(address))) {
    throw new UpstreamFailure('blocked', { detail: 'this host may not be called' });
  }
  return addresses;
}

async function systemResolve(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

const REASONS: readonly (readonly [RegExp, FailureReason])[] = [
  [/ECONNREFUSED|ConnectionRefused|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket/i, 'connect_refused'],
  [/ENOTFOUND|EAI_|DNS/i, 'dns'],
  [/CERT|EPROTO|TLS|SSL|UNABLE_TO|SELF_SIGNED/i, 'tls'],
  [/ETIMEDOUT|TIMEOUT/i, 'timeout'],
  [/ECONNRESET|ConnectionClosed|EPIPE|InvalidHTTPResponse|Malformed|HPE_/i, 'reset'],
];

/** The cause in one word, from the error's code; its message may hold the URL and is never shown. */
export function reasonOf(error: unknown): FailureReason {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  const text = typeof code === 'string' ? code : String(name);
  for (const [pattern, reason] of REASONS) if (pattern.test(text)) return reason;
  return 'unknown';
}

/**
 * Starts the runtime's HTTP client by a request to ourselves. It would be made at the first call to a provider, and the
 * runtime ends the process when there is no descriptor left for it then; later on such a call fails by itself.
 */
export async function startHttpClient(ownOrigin: string): Promise<void> {
  try {
    await (await fetch(`${ownOrigin}/healthz`, { keepalive: false })).arrayBuffer();
  } catch {
    // An address that only others can reach: the client is started all the same.
  }
}
