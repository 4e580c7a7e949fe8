import { Refusal } from '@headgate/contract';
import type { Clock, IdSource } from '../lib/index.ts';
import type { ControlSnapshot, LogStore } from '../stores/ports.ts';
import type { Answer, BodyEnd, ReadCall, Trail } from './call.ts';
import { CaptureBudget } from './capture.ts';
import { authenticate } from './steps/authenticate.ts';
import { locate } from './steps/locate.ts';
import { planRoute } from './steps/plan-route.ts';
import { readBody } from './steps/read-body.ts';
import { refuse } from './steps/refuse.ts';
import { replyWith } from './steps/reply-with.ts';
import { sendAttempt } from './steps/send-attempt.ts';
import { settle } from './steps/settle.ts';
import type { Tap } from './tap.ts';
import type { Send } from './upstream.ts';

export interface GatewaySettings {
  /** Largest request body accepted, in bytes. */
  readonly maxBodyBytes: number;
  /** Largest request plus response kept with a log row, in bytes. */
  readonly maxLogBodyBytes: number;
  /** Memory for bodies of calls under way, in bytes. */
  readonly captureBytes: number;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** `strict`: a row is committed before the client sees the end. */
  readonly durability: 'relaxed' | 'strict';
  readonly baseUrls: ReadonlyMap<string, string>;
}

export interface GatewayDeps {
  readonly clock: Clock;
  readonly newId: IdSource;
  readonly control: ControlSnapshot;
  readonly logs: LogStore;
  readonly send: Send;
  readonly settings: GatewaySettings;
  /** Told of errors that are ours. */
  readonly report: (error: unknown, context: string) => void;
}

export interface Gateway {
  /** Answers one data-plane request. Never rejects. */
  handle(request: Request): Promise<Response>;
  /** Calls that have begun and are not settled yet. */
  active(): number;
}

export function createGateway(deps: GatewayDeps): Gateway {
  const budget = new CaptureBudget(deps.settings.captureBytes);
  let active = 0;

  /** The walk: each line is one step, one file. Any step may throw a Refusal; settle runs exactly once in every case. */
  async function handle(request: Request): Promise<Response> {
    active += 1;
    const trail = newTrail(request, deps);
    let answered: Response;
    try {
      const located = locate(request, trail, deps.control);
      const admitted = await authenticate(located, deps.control);
      const call = await readBody(admitted, deps.settings.maxBodyBytes);
      const attempt = planRoute(call, deps.settings.baseUrls);
      const answer = await sendAttempt(call, attempt, {
        ...deps,
        firstByteTimeoutMs: deps.settings.firstByteTimeoutMs,
      });
      answered = await reply(call, answer);
    } catch (error) {
      answered = refuseOrLeave(request, trail, error);
      const settled = finish(trail);
      if (deps.settings.durability === 'strict') await settled;
    }
    return withOwnHeaders(answered, trail);
  }

  function reply(call: ReadCall, answer: Answer): Promise<Response> {
    const { trail } = call;
    trail.statusCode = answer.response.status;
    trail.responseContentType = answer.response.headers.get('content-type');
    const keep = trail.collect && trail.collectPayload && trail.gateway !== null;
    const limitBytes = deps.settings.maxLogBodyBytes - trail.requestSize;
    return replyWith(call, answer, {
      clock: deps.clock,
      idleTimeoutMs: deps.settings.idleTimeoutMs,
      tap: { capture: keep ? { budget, limitBytes } : null },
      finishFirst: deps.settings.durability === 'strict',
      finish: (end, tap) => finishAnswer(trail, end, tap),
    });
  }

  async function finishAnswer(trail: Trail, end: BodyEnd, tap: Tap): Promise<void> {
    trail.end = end;
    try {
      const result = await tap.end();
      trail.reading = result.reading;
      trail.responseBody = result.body;
      trail.payloadDropped ||= result.dropped;
      trail.responseSize = tap.size;
    } catch (error) {
      deps.report(error, 'reading an answer');
    }
    await finish(trail);
    tap.release();
  }

  async function finish(trail: Trail): Promise<void> {
    try {
      if (trail.requestSize > deps.settings.maxLogBodyBytes) trail.payloadDropped = true;
      await settle(trail, deps.logs, deps.clock);
    } catch (error) {
      deps.report(error, 'settling a call');
    } finally {
      active -= 1;
    }
  }

  function refuseOrLeave(request: Request, trail: Trail, error: unknown): Response {
    if (request.signal.aborted) {
      trail.end = 'cancelled';
      return new Response(null, { status: 499 });
    }
    if (error instanceof Refusal) return refuse(error, trail);
    deps.report(error, 'handling a call');
    return refuse(new Refusal('internal', { cause: error }), trail);
  }

  return { handle, active: () => active };
}

function newTrail(request: Request, deps: GatewayDeps): Trail {
  const startedAtMs = deps.clock.nowMs();
  const id = deps.newId(startedAtMs);
  return {
    id,
    startedAtMs,
    startedMono: deps.clock.monotonicMs(),
    gateway: null,
    eventId: id,
    method: request.method,
    provider: '',
    path: '',
    modelAsked: '',
    format: 'unknown',
    step: 0,
    userAgent: null,
    metadata: null,
    authenticated: false,
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

function withOwnHeaders(response: Response, trail: Trail): Response {
  const { headers } = response;
  headers.set('cf-aig-request-id', trail.id);
  headers.set('cf-aig-event-id', trail.eventId);
  headers.set('cf-aig-step', String(trail.step));
  headers.set('cf-aig-cache-status', 'MISS');
  if (trail.collect && trail.gateway !== null) headers.set('cf-aig-log-id', trail.id);
  headers.set('x-content-type-options', 'nosniff');
  return response;
}
