import { Refusal } from '@headgate/contract';
import type { Gateway } from '../gateway/index.ts';
import { BINDING_PREFIX, bindingFace } from './binding.ts';
import { allowedOrigin, type CorsPolicy, isPreflight, preflightAnswer, setCors } from './cors.ts';
import { gatewayError, managementError } from './errors.ts';
import { type MetricsFace, metricsPage } from './metrics.ts';

export interface AppDeps {
  readonly gateway: Gateway;
  /** The management API: `/client/v4/…`, `/openapi.json` and `/docs`. */
  readonly api: (request: Request) => Promise<Response>;
  /** Account of the addresses that name none. */
  readonly accountId: string;
  readonly cors: CorsPolicy;
  /** Null when ready, else why not. */
  readonly notReady: () => string | null;
  readonly metrics: MetricsFace;
  readonly version: string;
}

export interface App {
  /** @param beginWaiting called when the request is here whole: from then on the connection may be silent. */
  handle(request: Request, beginWaiting: () => void): Response | Promise<Response>;
  /** From now on new requests are refused with 503. */
  drain(): void;
  /** Requests that are still running. */
  active(): number;
}

/** Chooses the face of a request: data plane, management API, health, metrics. */
export function createApp(deps: AppDeps): App {
  let draining = false;
  let managing = 0;

  function handle(request: Request, beginWaiting: () => void): Response | Promise<Response> {
    const path = pathOf(request.url);
    if (path.startsWith('/v1/')) return gatewayFace(request, beginWaiting);
    if (path.startsWith('/client/v4/') || path === '/openapi.json' || path === '/docs') return managementFace(request);
    if (path.startsWith(BINDING_PREFIX)) {
      return bindingFace(request, path, {
        accountId: deps.accountId,
        api: managementFace,
        gateway: async (inner) => gatewayFace(inner, beginWaiting),
      });
    }
    switch (path) {
      case '/healthz':
        return new Response('ok\n');
      case '/readyz':
        return readiness();
      case '/metrics':
        return metricsPage(request, deps.metrics);
      case '/':
        return new Response(
          `Headgate ${deps.version}\nmanagement API: /client/v4\nOpenAPI: /openapi.json\nAPI reference: /docs\nmetrics: /metrics\n`,
        );
      default:
        return managementError(new Refusal('apiRouteUnknown'));
    }
  }

  function gatewayFace(request: Request, beginWaiting: () => void): Response | Promise<Response> {
    const answering = () => (draining ? gatewayError(closing()) : deps.gateway.handle(request, beginWaiting));
    return request.headers.has('origin') ? withCors(request, answering) : answering();
  }

  /** What a browser's page asks for. */
  async function withCors(request: Request, answering: () => Response | Promise<Response>): Promise<Response> {
    const origin = allowedOrigin(request, deps.cors);
    if (isPreflight(request)) return preflightAnswer(request, origin);
    const response = await answering();
    setCors(response, origin);
    return response;
  }

  async function managementFace(request: Request): Promise<Response> {
    if (draining) return managementError(closing());
    managing += 1;
    try {
      return await deps.api(request);
    } finally {
      managing -= 1;
    }
  }

  function readiness(): Response {
    const reason = draining ? 'shutting down' : deps.notReady();
    return reason === null ? new Response('ready\n') : new Response(`${reason}\n`, { status: 503 });
  }

  return {
    handle,
    drain: () => {
      draining = true;
    },
    active: () => deps.gateway.active() + managing,
  };
}

function closing(): Refusal {
  return new Refusal('shuttingDown', { headers: { connection: 'close', 'retry-after': '5' } });
}

/** The path without scheme, host and query; `new URL` would cost more than the rest of the routing. */
function pathOf(url: string): string {
  // Without a usable Host the URL is only the path.
  const from = url.startsWith('/') ? 0 : url.indexOf('/', 8);
  const queryAt = url.indexOf('?', from);
  return queryAt < 0 ? url.slice(from) : url.slice(from, queryAt);
}
