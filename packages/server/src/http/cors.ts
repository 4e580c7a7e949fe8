/** Cross-origin access to the data plane for browser clients. */
export interface CorsPolicy {
  /** `*`, or the origins that may call; empty switches cross-origin access off. */
  readonly origins: readonly string[];
}

/** The `access-control-allow-origin` for this request, or null when there is nothing to add. */
export function allowedOrigin(request: Request, policy: CorsPolicy): string | null {
  const origin = request.headers.get('origin');
  if (origin === null) return null;
  if (policy.origins.includes('*')) return '*';
  return policy.origins.includes(origin) ? origin : null;
}

/** Whether this is a browser's preflight, which we answer; any other OPTIONS belongs to the provider. */
export function isPreflight(request: Request): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.headers.has('origin') &&
    request.headers.has('access-control-request-method')
  );
}

export function preflightAnswer(request: Request, origin: string | null): Response {
  if (origin === null) return new Response(null, { status: 403 });
  const headers = new Headers({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    'access-control-max-age': '86400',
    vary: 'Origin, Access-Control-Request-Headers',
  });
  const asked = request.headers.get('access-control-request-headers');
  if (asked !== null) headers.set('access-control-allow-headers', asked);
  return new Response(null, { status: 204, headers });
}

/** Our policy in place of the provider's: lets the page read the answer and its headers, or not. Never with credentials. */
export function setCors(response: Response, origin: string | null): void {
  const { headers } = response;
  for (const name of [...headers.keys()]) if (name.startsWith('access-control-')) headers.delete(name);
  if (origin === null) return;
  headers.set('access-control-allow-origin', origin);
  headers.set('access-control-expose-headers', '*');
  if (origin !== '*') headers.append('vary', 'Origin');
}
