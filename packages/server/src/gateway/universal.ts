import { Refusal } from '@headgate/contract';

/** One element of a universal call. */
export interface UniversalStep {
  provider: string;
  /** Path at the provider, with its query. */
  endpoint: string;
  /** The step's own headers, `cf-aig-*` among them; `config` and `authorization` are folded in. */
  headers: Headers;
  body: Uint8Array;
}

/** Steps beyond this are more likely a mistake than a plan. */
const MAX_STEPS = 50;

/** `config` keys and the headers that they stand for. */
const CONFIG_HEADERS: readonly (readonly [key: string, header: string])[] = [
  ['requestTimeout', 'cf-aig-request-timeout'],
  ['maxAttempts', 'cf-aig-max-attempts'],
  ['retryDelay', 'cf-aig-retry-delay'],
  ['backoff', 'cf-aig-backoff'],
];

/** Reads the body of a universal call: an array of steps, or one step. @throws Refusal 400/2004 naming the element and field. */
export function readUniversal(body: Uint8Array | null): UniversalStep[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body ?? []).toString('utf8'));
  } catch {
    throw invalid('the body must be JSON: an array of steps');
  }
  const steps = Array.isArray(parsed) ? parsed : [parsed];
  if (steps.length === 0) throw invalid('the array of steps is empty');
  if (steps.length > MAX_STEPS) throw invalid(`there may be at most ${MAX_STEPS} steps`);
  return steps.map(readStep);
}

function readStep(step: unknown, index: number): UniversalStep {
  if (!isObject(step)) throw invalid(`[${index}] must be an object`);
  const { provider, endpoint, query } = step;
  if (typeof provider !== 'string' || provider === '') throw invalid(`[${index}].provider must be a text`);
  if (typeof endpoint !== 'string') throw invalid(`[${index}].endpoint must be a text`);
  return {
    provider,
    endpoint: endpoint.replace(/^\/+/, ''),
    headers: readHeaders(step, index),
    body: new TextEncoder().encode(query === undefined ? '' : JSON.stringify(query)),
  };
}

function readHeaders(step: Record<string, unknown>, index: number): Headers {
  const headers = new Headers();
  const given = step.headers ?? {};
  if (!isObject(given)) throw invalid(`[${index}].headers must be an object`);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    setHeader(headers, [name, typeof value === 'object' ? JSON.stringify(value) : String(value)], `[${index}].headers`);
  }
  if (typeof step.authorization === 'string' && !headers.has('authorization')) {
    setHeader(headers, ['authorization', step.authorization], `[${index}].authorization`);
  }
  const config = step.config ?? {};
  if (!isObject(config)) throw invalid(`[${index}].config must be an object`);
  for (const [key, header] of CONFIG_HEADERS) {
    const value = config[key];
    if (value !== undefined && value !== null && !headers.has(header)) {
      setHeader(headers, [header, String(value)], `[${index}].config.${key}`);
    }
  }
  return headers;
}

function setHeader(headers: Headers, [name, value]: [string, string], where: string): void {
  try {
    headers.set(name, value);
  } catch {
    // The value may be a key: it is not repeated.
    throw invalid(`${where}: "${name}" cannot be sent as a header`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): Refusal {
  return new Refusal('requestInvalid', { message: `universal request: ${message}` });
}
