import type { Fields } from '../lib/index.ts';

/** The one way out, as the data plane sees it. `http/egress.ts` implements it. */
export interface UpstreamRequest {
  url: string;
  method: string;
  headers: Fields;
  /** Null sends no body and no `content-length`. */
  body: Uint8Array | null;
  /** Aborting cancels the request, or the body while it is read. */
  signal: AbortSignal;
  /** The host came from the client: it must be allowed before anything connects. */
  userGiven: boolean;
}

/** Answers with the provider's response, content coding untouched, redirects not followed. Throws `UpstreamFailure`. */
export type Send = (request: UpstreamRequest) => Promise<Response>;

/** Why no answer came. Names are on the wire (error message) and in the log. */
export type FailureReason = 'connect_refused' | 'dns' | 'tls' | 'reset' | 'timeout' | 'blocked' | 'unknown';

export class UpstreamFailure extends Error {
  constructor(
    readonly reason: FailureReason,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    super(
      options.detail === undefined ? reason : `${reason}: ${options.detail}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'UpstreamFailure';
  }
}
