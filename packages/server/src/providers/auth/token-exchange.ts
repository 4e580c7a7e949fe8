import { type Clock, Fields } from '../../lib/index.ts';
import { CredentialError } from './credential-error.ts';
import { headerSafe, readJson } from './read-json.ts';
import type { IssuedToken } from './token-cache.ts';

/** A request for the one way out of the process. */
export interface TokenHttpRequest {
  url: string;
  method: string;
  headers: Fields;
  body: Uint8Array | null;
  signal: AbortSignal;
  /** The URL came out of a credential: it must be allowed before anything connects. */
  userGiven: boolean;
}

/** Answers with the response, content coding untouched, redirects not followed. */
export type SendTokenRequest = (request: TokenHttpRequest) => Promise<Response>;

export interface TokenRequest {
  url: string;
  userGiven: boolean;
  form: Record<string, string>;
}

export interface ExchangeDeps {
  readonly clock: Clock;
  readonly send: SendTokenRequest;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;
/** Taken for a token that comes without one. */
const DEFAULT_LIFETIME_S = 300;

/**
 * Asks an OAuth 2.0 token endpoint for an access token (RFC 6749 section 4).
 * @throws CredentialError `rejected` when the endpoint refuses, `unreachable` when it gives no usable answer in 10 s.
 *   The endpoint's own words are not repeated, apart from its error code: they may quote what was sent.
 */
export async function requestToken(request: TokenRequest, deps: ExchangeDeps): Promise<IssuedToken> {
  const abort = new AbortController();
  const cancel = deps.clock.after(TIMEOUT_MS, () => abort.abort());
  const endpoint = `The token endpoint ${URL.parse(request.url)?.host ?? ''}`;
  try {
    const response = await deps.send({
      url: request.url,
      method: 'POST',
      headers: new Fields({
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        'accept-encoding': 'identity',
      }),
      body: Buffer.from(new URLSearchParams(request.form).toString()),
      signal: abort.signal,
      userGiven: request.userGiven,
    });
    return readAnswer(response.status, await readText(response), endpoint);
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    const what = abort.signal.aborted ? `gave no answer within ${TIMEOUT_MS / 1000} s` : 'could not be reached';
    throw new CredentialError('unreachable', `${endpoint} ${what}`, { cause: error });
  } finally {
    cancel();
  }
}

function readAnswer(status: number, text: string, endpoint: string): IssuedToken {
  const json = readJson(text);
  if (status !== 200) throw refusal(status, json?.error, endpoint);
  const value = headerSafe(json?.access_token);
  if (value === null) throw new CredentialError('unreachable', `${endpoint} answered without an access token`);
  const lifetimeS = Number(json?.expires_in ?? DEFAULT_LIFETIME_S);
  return { value, lifetimeMs: (lifetimeS > 0 ? lifetimeS : DEFAULT_LIFETIME_S) * 1000 };
}

function refusal(status: number, error: unknown, endpoint: string): CredentialError {
  const code = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` ${error}` : '';
  const hint =
    code === ' invalid_grant'
      ? ': the key may be deleted, its account disabled, or the clock of this machine wrong'
      : '';
  const problem = status >= 500 || status === 429 ? 'unreachable' : 'rejected';
  return new CredentialError(problem, `${endpoint} issued no token (HTTP ${status}${code})${hint}`);
}

/** The URL may be a user's: no more is read than a token answer can need. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
