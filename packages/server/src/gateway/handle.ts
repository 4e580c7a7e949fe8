import { Refusal } from '@headgate/contract';
import type { Clock, FieldRecord, IdSource, Metrics, Secret } from '../lib/index.ts';
import { createBudgets } from '../limits/index.ts';
import type { PriceBooks } from '../pricing/index.ts';
import { type Authorizer, KeyPool } from '../providers/index.ts';
import type { TokenCounter } from '../tokens/index.ts';
import { type AnswerCache, MAX_CACHED_BODY_BYTES } from '../stores/cache-ports.ts';
import type { CounterStore } from '../stores/counter-ports.ts';
import type { LogStore } from '../stores/log-ports.ts';
import type { ConfigSnapshot } from '../stores/snapshot-ports.ts';
import type { Answer, Opened, ReadCall, Step, Trail } from './call.ts';
import { CaptureBudget } from './capture.ts';
import { maskedTarget, type OwnTokens } from './credentials.ts';
import { applyOptions, authenticate } from './steps/authenticate.ts';
import { Endings } from './endings.ts';
import { locate } from './steps/locate.ts';
import { planRoute } from './steps/plan-route.ts';
import { readBody } from './steps/read-body.ts';
import { refuse } from './steps/refuse.ts';
import { replyWith } from './steps/reply-with.ts';
import { FailedOpening } from './steps/read-cache.ts';
import { tryAttempts } from './steps/try-attempts.ts';
import { InFlight } from './shared-answer.ts';
import { createMeasures } from './measures.ts';
import { lap, serverTiming } from './stages.ts';
import { addRateFields } from './steps/limit-rate.ts';
import { StreamUsage } from './stream-usage.ts';
import { newTrail, nextTrail } from './trail.ts';
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
  /** Whether answers tell our own time per stage in `Server-Timing`. */
  readonly serverTiming: boolean;
}

export interface GatewayDeps {
  readonly clock: Clock;
  readonly newId: IdSource;
  readonly control: ConfigSnapshot;
  /** Finds our tokens in texts, to keep them here. */
  readonly ownTokens: OwnTokens;
  readonly logs: LogStore;
  readonly cache: AnswerCache;
  readonly counters: CounterStore;
  readonly prices: PriceBooks;
  /** Counts what providers did not. */
  readonly tokens: TokenCounter;
  readonly metrics: Metrics;
  readonly send: Send;
  /** Puts stored credentials onto upstream requests. */
  readonly authorizer: Authorizer;
  /** The operator's own provider keys by slug. */
  readonly operatorKeys: ReadonlyMap<string, Secret>;
  /** From 0, below 1. */
  readonly random: () => number;
  readonly settings: GatewaySettings;
  /** Told of errors that are ours. */
  readonly report: (error: unknown, context: string) => void;
}

export interface Gateway {
  /**
   * Answers one data-plane request. Never rejects.
   * @param bodyRead called when the request is here whole.
   */
  handle(request: Request, bodyRead?: () => void): Promise<Response>;
  /** Calls that have begun and are not settled yet. */
  active(): number;
  /** Streamed answers that have ended since the start. */
  endedStreams(): number;
}

export function createGateway(deps: GatewayDeps): Gateway {
  const { settings, clock } = deps;
  const { firstByteTimeoutMs, idleTimeoutMs, baseUrls } = settings;
  const capture = new CaptureBudget(settings.captureBytes);
  const budgets = createBudgets(deps);
  const measures = createMeasures(deps.metrics);
  const endings = new Endings({ ...deps, budgets, capture, measures });
  const inFlight = new InFlight<Opened>({
    limitBytes: MAX_CACHED_BODY_BYTES,
    budget: capture,
    // A step's failure is the provider's or the gateway's word on this very request: everybody's who waits for it.
    sharesFailure: (error) => error instanceof FailedOpening,
    report: deps.report,
  });
  const { giveUp, passOver, observe, abandon } = endings;
  // Built once: calls only read them.
  const planning = { ...deps, baseUrls };
  const pool = new KeyPool();
  const streamUsage = new StreamUsage();
  const trying = {
    ...deps,
    firstByteTimeoutMs,
    idleTimeoutMs,
    streamUsage,
    pool,
    budgets,
    inFlight,
    giveUp,
    passOver,
    observe,
    abandon,
  };

  /** The walk: each line is one step, one file. Any step may throw a Refusal; settle runs exactly once for every attempt. */
  async function handle(request: Request, bodyRead: () => void = () => undefined): Promise<Response> {
    const first = newTrail(request, deps);
    let trail = first;
    endings.begun();
    // The first attempt is the call's own row; each further one has its own.
    const next = () => {
      endings.begun();
      trail = nextTrail(first, request, deps);
    };
    const begin = (step: Step) => {
      if (trail.begun) next();
      return describe(trail, step, deps.ownTokens);
    };
    let answered: Response;
    try {
      const located = locate(request, trail, deps);
      const admitted = await authenticate(located, deps);
      lap(first, 'admit', clock);
      const call = await readBody(admitted, settings.maxBodyBytes);
      lap(first, 'body', clock);
      bodyRead();
      const steps = planRoute(call, planning);
      lap(first, 'plan', clock);
      const answer = await tryAttempts(call, { steps, begin, deps: trying });
      answered = await reply(call, answer, first);
    } catch (error) {
      // A refusal between two attempts is a row of its own.
      if (trail.settled && !trail.shared && error instanceof Refusal) next();
      answered = refuseOrLeave(request, trail, error);
      // A shared opening goes on for others, and settles its own rows.
      const settled = trail.shared ? null : endings.finish(trail);
      if (endings.rowGoesFirst()) await settled;
      setOwnFields(answered.headers, { first, trail, timing: settings.serverTiming });
    }
    measures.call(trail, answered.status);
    return answered;
  }

  function reply(call: ReadCall, answer: Answer, first: Trail): Response | Promise<Response> {
    const { trail, row } = answer;
    const tap = row === null ? endings.tap(answer, trail) : null;
    return replyWith(call, answer, {
      clock: deps.clock,
      idleTimeoutMs,
      tap,
      sign: (fields) => addOwnFields(fields, { first, trail, timing: settings.serverTiming }),
      finishFirst: () => endings.rowGoesFirst(),
      finish: (end) => (tap === null ? (row ?? Promise.resolve()) : endings.finishAnswer(trail, end, tap)),
    });
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

  return { handle, active: () => endings.active, endedStreams: () => endings.endedStreams };
}

/** What a row says of the step that is tried. */
function describe(trail: Trail, step: Step, ownTokens: OwnTokens): Trail {
  trail.begun = true;
  trail.step = step.index;
  trail.provider = step.provider.slug;
  trail.modelAsked = step.asked.model ?? step.target.model ?? '';
  trail.format = step.format;
  if (trail.requestType === 'universal') {
    trail.path = maskedTarget(step.target.path, step.query, ownTokens);
    trail.requestBody = step.body;
    trail.requestSize = step.body?.byteLength ?? 0;
    trail.requestContentType = step.headers.get('content-type');
  }
  applyOptions(trail, step.options);
  return trail;
}

interface Signing {
  first: Trail;
  trail: Trail;
  timing: boolean;
}

/** The gateway's own header fields, beside those of the provider or in their place. */
function addOwnFields(fields: FieldRecord, { first, trail, timing }: Signing): void {
  if (timing) {
    const stages = serverTiming(first, trail);
    const theirs = fields['server-timing'];
    if (stages !== '') fields['server-timing'] = theirs === undefined ? stages : `${theirs}, ${stages}`;
  }
  // A provider's own limits are of more use to its client than ours.
  if (first.rate !== null && fields.ratelimit === undefined && fields['ratelimit-limit'] === undefined) {
    addRateFields(fields, first.rate);
  }
  fields['cf-aig-request-id'] = first.id;
  fields['cf-aig-event-id'] = trail.eventId;
  fields['cf-aig-step'] = String(trail.step);
  if (trail.cacheStatus !== null) fields['cf-aig-cache-status'] = trail.cacheStatus;
  if (trail.collect && trail.gateway !== null) fields['cf-aig-log-id'] = trail.id;
  fields['x-content-type-options'] = 'nosniff';
}

/** The same on an answer that is made already. */
function setOwnFields(headers: Headers, signing: Signing): void {
  const fields = headers.toJSON() as FieldRecord;
  addOwnFields(fields, signing);
  for (const [name, value] of Object.entries(fields)) headers.set(name, value);
}
