import { type FailureReason, type Send, UpstreamFailure, type UpstreamRequest } from '../gateway/index.ts';

/** Answers requests to a scheme of our own without leaving the process, e.g. `sandbox:`. */
export type LocalHandler = (request: UpstreamRequest) => Promise<Response>;

export interface EgressOptions {
  /** Handlers by URL scheme, without the colon. */
  local: ReadonlyMap<string, LocalHandler>;
  /** Whether a URL whose host a client chose may be called. */
  allowed: (url: URL) => boolean;
}

/**
 * The one way out: every outbound request of the process goes through here. Redirects are not followed, content coding
 * is left as sent, nothing is retried beyond what the connection pool does for a connection that was closed while idle.
 */
export function createEgress(options: EgressOptions): Send {
  return async (request) => {
    const local = options.local.get(request.url.slice(0, request.url.indexOf(':')));
    if (local !== undefined) return local(request);
    if (request.userGiven && !options.allowed(new URL(request.url))) {
      throw new UpstreamFailure('blocked', { detail: 'this host may not be called' });
    }
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
