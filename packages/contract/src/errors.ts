/**
 * The one error table. Each row is an error that Headgate itself can answer with; a provider's own errors pass through
 * untouched and never appear here. `docs/errors.md` lists the same rows, and a test keeps the two equal.
 */
export interface ErrorRow {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Code on the wire: `error[0].code` on the gateway face, `errors[0].code` on the management face. */
  readonly code: number;
  /** Message used where the thrower gives none. */
  readonly message: string;
  /** Which face answers with it. */
  readonly face: 'gateway' | 'management' | 'both';
}

export const ERRORS = {
  // Gateway face (data plane).
  gatewayUnknown: {
    status: 400,
    code: 2001,
    message: 'Please configure AI Gateway in the Cloudflare dashboard',
    face: 'gateway',
  },
  providerInvalid: { status: 400, code: 2008, message: 'Invalid provider', face: 'gateway' },
  requestInvalid: { status: 400, code: 2004, message: 'Invalid request', face: 'gateway' },
  providerUnreachable: { status: 502, code: 2005, message: 'Failed to get response from provider', face: 'gateway' },
  providerTimeout: { status: 504, code: 2005, message: 'Failed to get response from provider', face: 'gateway' },
  unauthorized: { status: 401, code: 2009, message: 'Unauthorized', face: 'gateway' },
  forbiddenFetchDest: { status: 403, code: 2010, message: 'This address serves API calls, not pages', face: 'gateway' },
  bodyTooLarge: { status: 413, code: 2011, message: 'Request body is too large', face: 'both' },
  shuttingDown: { status: 503, code: 2012, message: 'The gateway is shutting down', face: 'both' },
  keyMissing: { status: 400, code: 2040, message: 'No usable provider credential', face: 'gateway' },
  rateLimited: { status: 429, code: 2003, message: 'Rate limited', face: 'gateway' },
  spendLimitExceeded: { status: 429, code: 2041, message: 'Spend limit exceeded', face: 'gateway' },
  internal: { status: 500, code: 2000, message: 'Internal error', face: 'gateway' },
  // Management face.
  apiInternal: { status: 500, code: 7000, message: 'Internal error', face: 'management' },
  apiValidation: { status: 400, code: 7001, message: 'Invalid input', face: 'management' },
  apiNotFound: { status: 404, code: 7002, message: 'Not found', face: 'management' },
  apiRouteUnknown: { status: 404, code: 7003, message: 'No such route', face: 'management' },
  apiMethodNotAllowed: { status: 405, code: 7004, message: 'Method not allowed', face: 'management' },
  apiContentType: { status: 415, code: 7005, message: 'Content-Type must be application/json', face: 'management' },
  apiConflict: { status: 409, code: 7009, message: 'Already exists', face: 'management' },
  apiPreconditionFailed: {
    status: 412,
    code: 7012,
    message: 'The resource has changed since it was read',
    face: 'management',
  },
  customProviderUrl: { status: 400, code: 1002, message: 'Invalid base_url', face: 'management' },
  customProviderTaken: { status: 409, code: 1003, message: 'This slug is taken', face: 'management' },
  customProviderUnknown: { status: 404, code: 1004, message: 'There is no such custom provider', face: 'management' },
  apiUnauthorized: { status: 401, code: 10000, message: 'Authentication error', face: 'management' },
  apiForbidden: { status: 403, code: 10001, message: 'The token lacks the permission for this', face: 'management' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

/** One entry of `error` (gateway face) or `errors` (management face). */
export interface WireError {
  code: number;
  message: string;
  path?: (string | number)[];
}

export interface RefusalOptions {
  /** Replaces the table's message. Must never hold a secret. */
  message?: string;
  /** Several wire errors (validation); defaults to one made of code and message. */
  errors?: WireError[];
  /** Headers added to the answer, e.g. `retry-after`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** The only error class that reaches a client. Anything else is turned into `internal` / `apiInternal`. */
export class Refusal extends Error {
  readonly row: ErrorRow;
  readonly errors: WireError[];
  readonly headers: Record<string, string>;

  constructor(
    readonly kind: ErrorName,
    options: RefusalOptions = {},
  ) {
    const row: ErrorRow = ERRORS[kind];
    const message = options.message ?? row.message;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Refusal';
    this.row = row;
    this.errors = options.errors ?? [{ code: row.code, message }];
    this.headers = options.headers ?? {};
  }
}

/** Error body of the gateway face: contract section 1.5. Every key is read by some client. */
export function gatewayErrorBody(refusal: Refusal): Record<string, unknown> {
  return {
    success: false,
    result: [],
    messages: [],
    error: refusal.errors,
    name: 'AiGatewayError',
    httpCode: refusal.row.status,
    internalCode: refusal.row.code,
    message: refusal.message,
    description: refusal.message,
  };
}
