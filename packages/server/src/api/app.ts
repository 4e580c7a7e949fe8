import {
  API_BASE,
  type Endpoint,
  type Endpoints,
  endpointList,
  envelope,
  errorEnvelope,
  openApiDocument,
  Refusal,
  type ResultInfo,
} from '@headgate/contract';
import { Hono } from 'hono';
import { uuidV7Source } from '../lib/index.ts';
import { authenticate, authorize } from './authorize.ts';
import { analyticsHandlers } from './analytics.ts';
import { auditHandlers } from './audit-logs.ts';
import { billingHandlers } from './billing.ts';
import { cacheHandlers } from './cache.ts';
import { customProviderHandlers } from './custom-providers.ts';
import { datasetHandlers } from './datasets.ts';
import { DOCS_HEADERS, docsPage } from './docs-page.ts';
import { type ApiDeps, type Call, type Handlers, type Page, Versioned } from './endpoint-handler.ts';
import { evaluationHandlers } from './evaluations.ts';
import { dropRemovedLogs, gatewayHandlers } from './gateways.ts';
import { logHandlers } from './logs.ts';
import { priceHandlers } from './prices.ts';
import { providerConfigHandlers } from './provider-configs.ts';
import { parseBody, parseQuery } from './read-input.ts';
import { repriceHandlers } from './repricing.ts';
import { routeHandlers } from './routes.ts';
import { secretsStoreHandlers } from './secrets-store.ts';
import { tokenHandlers } from './tokens.ts';

/** A handler whose endpoint is known only at run time. */
type AnyHandler = (call: Omit<Call<Endpoint>, 'body'> & { body: unknown }) => unknown;

/**
 * Serves the management API (`/client/v4/**`) and its description (`/openapi.json`, `/docs`). The returned function never
 * throws.
 */
export function createApi(deps: ApiDeps): (request: Request) => Promise<Response> {
  const app = apiRouter(deps);
  void dropRemovedLogs(deps);
  return async (request) => app.fetch(request);
}

/** Every route that `createApi` serves. */
export function apiRouter(deps: ApiDeps): Hono {
  const app = new Hono({ strict: false });
  const handlers = allHandlers(deps);
  const requestId = uuidV7Source();
  const document = JSON.stringify(openApiDocument(deps.version));

  app.use(async (c, next) => {
    await next();
    c.res.headers.set('x-request-id', requestId(deps.clock.nowMs()));
    c.res.headers.set('x-content-type-options', 'nosniff');
    c.res.headers.set('cache-control', 'no-store');
  });
  let page: string | null = null;
  app.get('/docs', () => {
    page ??= docsPage(openApiDocument(deps.version));
    return new Response(page, { headers: DOCS_HEADERS });
  });
  app.get('/openapi.json', () => new Response(document, { headers: { 'content-type': 'application/json' } }));

  // Literal segments sort before variables, so that `tokens/verify` is not taken for a token's id.
  const ordered = endpointList.toSorted(([, a], [, b]) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const [name, endpoint] of ordered) {
    const path = API_BASE + endpoint.path.replace(/\{(\w+)\}/g, ':$1');
    // Each handler has its endpoint's types; the loop sees only that the two belong together.
    const handle = handlers[name] as AnyHandler;
    app.on(endpoint.method, path, (c) => serve(c.req.raw, { endpoint, params: c.req.param(), handle, deps }));
  }

  app.notFound((c) => {
    const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => isServed(app, method, c.req.path));
    if (allowed.length === 0) return refuse(new Refusal('apiRouteUnknown'));
    return refuse(new Refusal('apiMethodNotAllowed', { headers: { allow: allowed.join(', ') } }));
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) return refuse(error);
    deps.report(error, `${c.req.method} ${c.req.routePath}`);
    return refuse(new Refusal('apiInternal'));
  });
  return app;
}

function allHandlers(deps: ApiDeps): Handlers<Endpoints> {
  return {
    ...gatewayHandlers(deps),
    ...logHandlers(deps),
    ...repriceHandlers(deps),
    ...priceHandlers(deps),
    ...analyticsHandlers(deps),
    ...cacheHandlers(deps),
    ...providerConfigHandlers(deps),
    ...customProviderHandlers(deps),
    ...secretsStoreHandlers(deps),
    ...routeHandlers(deps),
    ...datasetHandlers(deps),
    ...evaluationHandlers(deps),
    ...auditHandlers(deps),
    ...tokenHandlers(deps),
    ...billingHandlers(deps),
  };
}

interface Route {
  endpoint: Endpoint;
  params: Record<string, string>;
  handle: AnyHandler;
  deps: ApiDeps;
}

async function serve(request: Request, { endpoint, params, handle, deps }: Route): Promise<Response> {
  const token = authenticate(request.headers, deps.control.snapshot);
  authorize(endpoint, params, token);
  const query = parseQuery(endpoint.query, request.url);
  const body = endpoint.body === null ? null : await parseBody(endpoint.body, request);
  const versions = ifMatch(request.headers);
  const actor = { kind: 'token' as const, id: token.id, name: token.name };
  const write = versions === null ? { actor } : { actor, versions };
  const answer = await handle({ params, query, body, token, write, request });
  switch (endpoint.reply) {
    case 'bytes':
      return answer as Response;
    case 'raw':
      return Response.json(answer);
    case 'result':
      return answer instanceof Versioned
        ? Response.json(envelope(answer.result), { headers: { etag: `"${answer.version}"` } })
        : Response.json(envelope(answer));
    case 'page':
      return pageReply(answer as Page<unknown>, query as { page: number; per_page: number });
    default:
      return endpoint.reply satisfies never;
  }
}

/** The versions in `If-Match`; null when any will do. A proxy may have made the tags weak ones. */
function ifMatch(headers: Headers): string[] | null {
  const text = headers.get('if-match')?.trim() ?? '*';
  return text === '*' ? null : text.split(',').map((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
}

function pageReply(
  { items, totalCount, statistics }: Page<unknown>,
  query: { page: number; per_page: number },
): Response {
  const info: ResultInfo = {
    page: query.page,
    per_page: query.per_page,
    count: items.length,
    total_count: totalCount,
    total_pages: Math.ceil(totalCount / query.per_page),
    ...statistics,
  };
  return Response.json(envelope(items, info));
}

function refuse(refusal: Refusal): Response {
  const headers = new Headers(refusal.headers);
  // Clients of the official SDK would send a conflicting request three times.
  if (refusal.row.status === 409) headers.set('x-should-retry', 'false');
  return Response.json(errorEnvelope(refusal), { status: refusal.row.status, headers });
}

function isServed(app: Hono, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.path !== '/*');
}
