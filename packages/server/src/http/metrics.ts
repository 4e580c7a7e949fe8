import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '@headgate/contract';
import type { Metrics, Secret } from '../lib/index.ts';
import { managementError } from './errors.ts';

export interface MetricsFace {
  readonly metrics: Metrics;
  /** Asked for as a bearer token; null: anyone who reaches the port may read. */
  readonly token: Secret | null;
}

/** `GET /metrics`: the Prometheus exposition format 0.0.4. 401/10000 without the token where one is set. */
export function metricsPage(request: Request, { metrics, token }: MetricsFace): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return managementError(new Refusal('apiMethodNotAllowed', { headers: { allow: 'GET, HEAD' } }));
  }
  if (token !== null && !isSame(request.headers.get('authorization') ?? '', `Bearer ${token.reveal()}`)) {
    return managementError(new Refusal('apiUnauthorized'));
  }
  return new Response(metrics.text(), {
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
  });
}

function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
