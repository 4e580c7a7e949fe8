import type { Clock, IdSource } from '../lib/index.ts';
import type { Trail } from './call.ts';
import { noStages } from './stages.ts';

export interface TrailDeps {
  readonly clock: Clock;
  readonly newId: IdSource;
}

/** The trail of a call's first attempt: the call's own row. One literal, so that all trails have one shape. */
export function newTrail(request: Request, deps: TrailDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  const startedMono = deps.clock.monotonicMs();
  const id = deps.newId(startedAtMs);
  return {
    id,
    startedAtMs,
    startedMono,
    lapMono: startedMono,
    stages: noStages(),
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
    limitsObserved: NONE,
    zeroRetention: null,
    cached: false,
    cacheStatus: null,
    collect: true,
    collectPayload: true,
    requestContentType: null,
    requestSize: 0,
    requestBody: null,
    latencyMs: null,
    firstPieceMs: null,
    rate: null,
    statusCode: 0,
    responseContentType: null,
    responseSize: 0,
    streamed: false,
    payloadDropped: false,
    error: null,
    end: null,
    responseBody: null,
    reading: null,
    usageSource: 'provider',
    endedMono: null,
    hidden: null,
  };
}

const NONE: readonly string[] = [];

/** The trail of a further attempt of the same call: a row of its own, tied to the others by the event id. */
export function nextTrail(first: Trail, request: Request, deps: TrailDeps): Trail {
  const next = newTrail(request, deps);
  for (const field of OF_THE_CALL) copy(first, next, field);
  return next;
}

/** What is the same for all attempts of a call; the rest an attempt starts without. */
const OF_THE_CALL = [
  'gateway',
  'begun',
  'eventId',
  'requestType',
  'method',
  'provider',
  'path',
  'modelAsked',
  'format',
  'step',
  'userAgent',
  'metadata',
  'authenticated',
  'customCost',
  'collect',
  'collectPayload',
  'requestContentType',
  'requestSize',
  'requestBody',
] as const satisfies readonly (keyof Trail)[];

function copy<K extends (typeof OF_THE_CALL)[number]>(from: Trail, to: Trail, field: K): void {
  to[field] = from[field];
}
