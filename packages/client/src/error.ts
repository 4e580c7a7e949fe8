import type { WireError } from '@headgate/contract';

/**
 * Why there is no result. `refused`: the server said no; `network`: no answer came; `timeout`: none came in time;
 * `aborted`: by the caller's signal; `malformed`: something answered that is no Headgate.
 */
export type HeadgateErrorKind = 'refused' | 'network' | 'timeout' | 'aborted' | 'malformed';

export interface HeadgateErrorDetails {
  kind: HeadgateErrorKind;
  message: string;
  response?: Response;
  errors?: WireError[];
  cause?: unknown;
}

/** The only error of a call that was made. A call that cannot be made (an empty path variable) is a TypeError. */
export class HeadgateError extends Error {
  readonly kind: HeadgateErrorKind;
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** Code of the first error, from the table in `docs/errors.md`; null when the server gave none. */
  readonly code: number | null;
  /** What is wrong, one entry per problem; `path` begins with `body`, `query` or `path` and leads to the field. */
  readonly errors: readonly WireError[];
  /** Names the call in the server's reports; null when no answer came. */
  readonly requestId: string | null;

  constructor({ kind, message, response, errors = [], cause }: HeadgateErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HeadgateError';
    this.kind = kind;
    this.status = response?.status ?? null;
    this.errors = errors;
    this.code = errors[0]?.code ?? null;
    this.requestId = response?.headers.get('x-request-id') ?? null;
  }
}

/** The error in an answer whose status says that it is one. A body from a proxy in between may be anything. */
export async function refusal(response: Response): Promise<HeadgateError> {
  const errors = wireErrors(await response.text().catch(() => ''));
  const message = errors[0]?.message ?? `HTTP status ${response.status}`;
  return new HeadgateError({ kind: 'refused', message, response, errors });
}

function wireErrors(text: string): WireError[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  const errors: unknown = (body as { errors?: unknown } | null)?.errors;
  return Array.isArray(errors) ? errors.filter(isWireError) : [];
}

function isWireError(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, path } = value as Partial<WireError>;
  return typeof code === 'number' && typeof message === 'string' && (path === undefined || Array.isArray(path));
}
