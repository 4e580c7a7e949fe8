import type { Clock, IdSource } from '../lib/index.ts';
import type { Trail } from './call.ts';
import { noStages } from './stages.ts';

export interface TrailDeps {
  readonly clock: Clock;
  readonly newId: IdSource;
}

/** What every attempt starts without. */
const NOTHING_YET = {
  settled: false,
  shared: false,
  reservation: null,
  limitsObserved: [] as readonly string[],
  zeroRetention: null,
  byok: false,
  wholesale: false,
  cached: false,
  cacheStatus: null,
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
  hidden: null,
  usageSource: 'provider',
  endedMono: null,
} satisfies Partial<Trail>;

/** The trail of a call's first attempt: the call's own row. */
export function newTrail(request: Request, deps: TrailDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  const startedMono = deps.clock.monotonicMs();
  const id = deps.newId(startedAtMs);
  return {
    ...NOTHING_YET,
    id,
    startedAtMs,
    startedMono,
    lapMono: startedMono,
    stages: noStages(),
    gateway: null,
    begun: false,
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
    customCost: null,
    collect: true,
    collectPayload: true,
    requestContentType: null,
    requestSize: 0,
    requestBody: null,
  };
}

/** The trail of a further attempt of the same call: a row of its own, tied to the others by the event id. */
export function nextTrail(first: Trail, deps: TrailDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  const startedMono = deps.clock.monotonicMs();
  const id = deps.newId(startedAtMs);
  return { ...first, ...NOTHING_YET, id, startedAtMs, startedMono, lapMono: startedMono, stages: noStages() };
}
