import type { Clock, IdSource } from '../lib/index.ts';
import type { Trail } from './call.ts';

export interface TrailDeps {
  readonly clock: Clock;
  readonly newId: IdSource;
}

/** The trail of a call's first attempt: the call's own row. */
export function newTrail(request: Request, deps: TrailDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  const id = deps.newId(startedAtMs);
  return {
    id,
    startedAtMs,
    startedMono: deps.clock.monotonicMs(),
    gateway: null,
    begun: false,
    settled: false,
    shared: false,
    eventId: id,
    requestType: 'native',
    method: request.method,
    provider: '',
    path: '',
    modelAsked: '',
    format: 'unknown',
    step: 0,
    userAgent: null,
    metadata: null,
    authenticated: false,
    byok: false,
    wholesale: false,
    customCost: null,
    reservation: null,
    cached: false,
    cacheStatus: null,
    collect: true,
    collectPayload: true,
    requestContentType: null,
    requestSize: 0,
    requestBody: null,
    latencyMs: null,
    statusCode: 0,
    responseContentType: null,
    responseSize: 0,
    streamed: false,
    payloadDropped: false,
    error: null,
    end: null,
    responseBody: null,
    reading: null,
  };
}

/** The trail of a further attempt of the same call: a row of its own, tied to the others by the event id. */
export function nextTrail(first: Trail, deps: TrailDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  return {
    ...first,
    id: deps.newId(startedAtMs),
    startedAtMs,
    startedMono: deps.clock.monotonicMs(),
    settled: false,
    shared: false,
    reservation: null,
    byok: false,
    wholesale: false,
    cached: false,
    cacheStatus: null,
    latencyMs: null,
    statusCode: 0,
    responseContentType: null,
    responseSize: 0,
    streamed: false,
    payloadDropped: false,
    error: null,
    end: null,
    responseBody: null,
    reading: null,
  };
}
