import { jsonResponse } from './json.ts';

/** Which dialect an endpoint speaks, and so how its errors look. */
export type Face = 'openai' | 'anthropic';

export interface ProblemDetails {
  /** OpenAI's `error.code`. */
  code?: string;
  /** The field at fault, e.g. `messages`. */
  param?: string;
  headers?: Record<string, string>;
}

/** An error that the sandbox answers with, as a provider would. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: ProblemDetails = {},
  ) {
    super(message);
    this.name = 'ApiProblem';
  }

  /** A field that the API requires and the body lacks. */
  static missing(param: string): ApiProblem {
    return new ApiProblem(400, 'Field required', { code: 'missing_required_parameter', param });
  }

  /** A field with a wrong type or value; `reason` says what is expected. */
  static invalid(param: string, reason: string): ApiProblem {
    return new ApiProblem(400, reason, { code: 'invalid_value', param });
  }
}

/** The problem in the shape that the face's official client parses. */
export function problemResponse(face: Face, problem: ApiProblem, requestId: string): Response {
  const { status, details } = problem;
  const body =
    face === 'openai'
      ? {
          error: {
            message: openaiMessage(problem),
            type: openaiType(status),
            param: details.param ?? null,
            code: details.code ?? null,
          },
        }
      : {
          type: 'error',
          error: { type: anthropicType(status), message: anthropicMessage(problem) },
          request_id: requestId,
        };
  const idHeader = face === 'openai' ? 'x-request-id' : 'request-id';
  return jsonResponse(body, { [idHeader]: requestId, ...details.headers }, status);
}

function openaiMessage({ message, details }: ApiProblem): string {
  if (details.param === undefined) return message;
  if (details.code === 'missing_required_parameter') return `Missing required parameter: '${details.param}'.`;
  return `Invalid '${details.param}': ${message}.`;
}

function anthropicMessage({ message, details }: ApiProblem): string {
  return details.param === undefined ? message : `${details.param}: ${message}`;
}

function openaiType(status: number): string {
  if (status >= 500) return 'server_error';
  return status === 429 ? 'requests' : 'invalid_request_error';
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function anthropicType(status: number): string {
  return ANTHROPIC_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}
