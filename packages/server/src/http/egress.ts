import { lookup } from 'node:dns/promises';
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
}

/**
 * The one way out: every outbound request of the process goes through here. Redirects are not followed, content coding
 * is left as sent, nothing is retried beyond what the connection pool does for a connection that was closed while idle.
 * Where the host was given by a client or user it must be https and public, or allowed, every time.
 */
export function createEgress(options: EgressOptions): Send {
  return async (request) => {
    const local = options.local.get(request.url.slice(0, request.url.indexOf(':')));
    if (local !== undefined) return local(request);
    if (request.userGiven) await refusePrivate(new URL(request.url), options);
    try {
      return await fetch(request.url, {
        method: request.method,
        headers: request.headers,
        // A view on bytes that we own; `fetch` copies nothing.
        ...(request.body === null ? {} : { body: request.body as BodyInit }),
        signal: request.signal,
        redirect: 'manual',
        // Bun's own: leave gzip, br and zstd as sent; no limit beside ours.
        decompress: false,
        timeout: false,
      } as RequestInit);
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw new UpstreamFailure(reasonOf(error), { cause: error });
    }
  };
}

async function refusePrivate(url: URL, { mayBePrivate, resolve = systemResolve }: EgressOptions): Promise<void> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (mayBePrivate(host)) return;
  if (url.protocol !== 'https:') throw new UpstreamFailure('blocked', { detail: 'only https may be called' });
  if (isPrivateHost(host)) throw new UpstreamFailure('blocked', { detail: 'this host may not be called' });
  let addresses: string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    throw new UpstreamFailure('dns', { cause: error });
  }
  if (addresses.some(isPrivateHost)) throw new UpstreamFailure('blocked', { detail: 'this host may not be called' });
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
