import { Refusal } from '@headgate/contract';
import { type Clock, type FieldRecord, Fields, type Secret } from '../../lib/index.ts';
import { hasProviderCredential } from '../../providers/index.ts';
import { type AnswerCache, type CachedAnswer, cacheKey, MAX_CACHED_BODY_BYTES } from '../../stores/cache-ports.ts';
import type { ConfigSnapshot } from '../../stores/snapshot-ports.ts';
import {
  type Answer,
  answerOf,
  type Begin,
  type Failed,
  type Opened,
  type ReadCall,
  type Step,
  type Trail,
} from '../call.ts';
import { keysOf } from './choose-key.ts';
import type { Leaving } from '../leaving.ts';
import type { CacheOptions } from '../options.ts';
import { storedPieces } from '../pieces.ts';
import type { InFlight } from '../shared-answer.ts';
import { lap } from '../stages.ts';

export interface CacheDeps {
  readonly cache: AnswerCache;
  readonly inFlight: InFlight<Opened>;
  readonly clock: Clock;
  readonly control: ConfigSnapshot;
  readonly operatorKeys: ReadonlyMap<string, Secret>;
  /** Ends an attempt that is not the call's answer. */
  readonly giveUp: (failed: Opened | Failed) => void;
  /** Ends an attempt that nobody waits for any more. */
  readonly abandon: (trail: Trail) => void;
  /** Settles the row of a shared answer as its body ends. */
  readonly observe: (opened: Opened) => Opened;
}

/** Makes the upstream request; `client` leaves when nobody waits any more. */
export type Open = (client: Leaving, begin: Begin) => Promise<Opened | Failed>;

/** Carries a step's failure to all who waited for it. */
export class FailedOpening extends Error {
  constructor(readonly failed: Failed) {
    super('the step failed');
  }
}

export interface CacheReading {
  readonly open: Open;
  readonly begin: Begin;
  readonly deps: CacheDeps;
}

/**
 * Answers a step out of the cache, out of an identical request under way, or by `open`. A hit and a joined answer skip
 * everything that `open` does: limits, credentials, the provider.
 */
export function readCache(call: ReadCall, step: Step, reading: CacheReading): Promise<Answer | Failed> {
  const { open, begin } = reading;
  const options = step.options.cache;
  if (options === null || options.skip || !isCacheable(step)) return open(call.client, begin).then(ownAnswer);
  return readCached(call, step, { ...reading, options });
}

function ownAnswer(opened: Opened | Failed): Answer | Failed {
  return 'refusal' in opened ? opened : answerOf(opened);
}

async function readCached(
  call: ReadCall,
  step: Step,
  { open, begin, deps, options }: CacheReading & { options: CacheOptions },
): Promise<Answer | Failed> {
  const { client } = call;
  const key = keyOf(call, step, { options, deps });
  const found = deps.cache.get(key, deps.clock.nowMs());
  const stored = found instanceof Promise ? await found : found;
  // A later step has no trail of its own yet.
  if (!call.trail.begun) lap(call.trail, 'cache', deps.clock);
  if (stored !== null) return cachedAnswer(begin(step), step, stored);
  let leads = false;
  // After a purge nobody joins what was under way before.
  const shared = await deps.inFlight
    .join(`${call.cacheEpoch} ${key}`, {
      client,
      open: (all) => {
        leads = true;
        return openShared(all, { open, begin, deps });
      },
      onComplete: (opened, body) => {
        if (!isStorable(opened)) return;
        const entry = entryOf(call, step, { opened, body, options, nowMs: deps.clock.nowMs() });
        deps.cache.put(key, entry, call.cacheEpoch);
      },
    })
    .catch((error: unknown) => {
      if (error instanceof FailedOpening) return error;
      throw error;
    });
  // The attempt has its row; a caller that only waited for it gets one of its own.
  if (shared instanceof FailedOpening) return leads ? shared.failed : { ...shared.failed, trail: begin(step) };
  const { status, statusText, headers, body, row } = shared.answer;
  const pieces = body === null ? null : shared;
  if (shared.led) return { step, trail: shared.answer.trail, status, statusText, headers, pieces, row };
  const trail = hit(begin(step), shared.answer);
  trail.hidden = shared.answer.trail.hidden;
  lap(trail, 'provider', deps.clock);
  return { step, trail, status, statusText, headers, pieces, row: null };
}

/**
 * The opening that several callers may share: its rows are its own, written as its attempts end, whoever is still there.
 * @throws FailedOpening when the step gave no answer; the abort reason when nobody waits any more.
 */
async function openShared(all: Leaving, { open, begin, deps }: CacheReading): Promise<Opened> {
  let current = null as Trail | null;
  const beginShared = (step: Step) => {
    current = begin(step);
    current.shared = true;
    return current;
  };
  let opened: Opened | Failed;
  try {
    opened = await open(all, beginShared);
  } catch (error) {
    // The caller whose call is refused settles its own row.
    if (current !== null && error instanceof Refusal) current.shared = false;
    else if (current !== null) deps.abandon(current);
    throw error;
  }
  if (!('refusal' in opened)) {
    // Before its row, which may be settled here and now.
    opened.trail.cacheStatus = 'MISS';
    return deps.observe(opened);
  }
  deps.giveUp(opened);
  throw new FailedOpening(opened);
}

/** What asks for a part of an answer, or for none: it is no part of the key. */
const CONDITIONAL = ['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

/** Whether a step may be cached and shared at all. */
function isCacheable(step: Step): boolean {
  return (
    (step.method === 'POST' || step.method === 'GET') &&
    (step.body?.byteLength ?? 0) <= MAX_CACHED_BODY_BYTES &&
    !CONDITIONAL.some((name) => step.headers.has(name))
  );
}

const STORABLE_TYPES = /^(?:text\/|application\/(?:[\w.+-]*\+)?json|application\/x-ndjson|image\/)/i;

function isStorable({ status, headers }: Opened): boolean {
  return status === 200 && STORABLE_TYPES.test(headers.get('content-type') ?? '');
}

function keyOf(call: ReadCall, step: Step, { options, deps }: { options: CacheOptions; deps: CacheDeps }): string {
  return cacheKey({
    accountId: call.accountId,
    gatewayKey: call.gateway.key,
    credential: credentialOf(call, step, deps),
    method: step.method,
    provider: step.provider.slug,
    endpoint: step.target.path + step.query,
    model: step.asked.model ?? step.target.model ?? '',
    body: step.body,
    customKey: options.key,
    variant: `${step.headers.get('accept') ?? ''}\n${step.headers.get('accept-encoding') ?? ''}`,
  });
}

/** Beside those that a provider documents: where clients put what tells them apart. */
const IDENTIFYING = [
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'xi-api-key',
  'x-auth-key',
  'token',
  'cookie',
];

/** Whose answer it is: everything in the request that may tell clients apart, and whose key takes the place of one that is missing. */
function credentialOf(call: ReadCall, step: Step, deps: CacheDeps): string {
  const { provider, headers, query } = step;
  const names = [...provider.credentialHeaders, ...IDENTIFYING];
  const sent: (string | null)[] = names.map((name) => headers.get(name));
  if (provider.credentialQuery !== undefined && query.includes('=')) {
    const parameters = new URLSearchParams(query);
    sent.push(...provider.credentialQuery.map((name) => parameters.get(name)));
  }
  return JSON.stringify([
    hasProviderCredential(provider, headers, query) ? 'sent' : ownerOf(call, step, deps),
    ...sent,
  ]);
}

/** As `chooseKey` decides: the stored keys that the call may use, the operator, or nobody. */
function ownerOf(call: ReadCall, { provider, options }: Step, deps: CacheDeps): string {
  const stored = deps.control.providerKeys(call.gateway.key, provider.slug);
  const keys = keysOf(options.keyAlias, stored);
  if (keys.length > 0) return `stored ${keys.map(({ id }) => id).join()}`;
  const mayBeOperators = !options.ownKeysOnly && (stored.length === 0 || options.keyAlias === null);
  return mayBeOperators && deps.operatorKeys.has(provider.slug) ? 'operator' : 'none';
}

/** Keeps the usage that a stored answer's client is not shown. No header can have this name. */
const HIDDEN_USAGE = ':usage';

function cachedAnswer(trail: Trail, step: Step, stored: CachedAnswer): Answer {
  const fields = JSON.parse(stored.headers) as FieldRecord;
  const hidden = fields[HIDDEN_USAGE];
  if (hidden !== undefined) {
    trail.hidden = { event: Buffer.from(hidden) };
    delete fields[HIDDEN_USAGE];
  }
  const headers = new Fields(fields);
  const { status } = stored;
  hit(trail, { status, headers });
  return { step, trail, status, statusText: '', headers, pieces: storedPieces(stored.body), row: null };
}

function hit(trail: Trail, { status, headers }: { status: number; headers: Fields }): Trail {
  trail.cached = true;
  trail.cacheStatus = 'HIT';
  trail.statusCode = status;
  trail.responseContentType = headers.get('content-type');
  return trail;
}

interface Completed {
  opened: Opened;
  body: Uint8Array;
  options: CacheOptions;
  nowMs: number;
}

function entryOf(call: ReadCall, step: Step, { opened, body, options, nowMs }: Completed): CachedAnswer {
  const hidden = opened.trail.hidden?.event ?? null;
  // Without cookies: those are for the one who was given them.
  const { record } = opened.headers;
  const kept = hidden === null ? record : { ...record, [HIDDEN_USAGE]: Buffer.from(hidden).toString() };
  return {
    status: opened.status,
    headers: JSON.stringify(kept),
    body,
    storedAtMs: nowMs,
    expiresAtMs: nowMs + options.ttlS * 1000,
    gatewayKey: call.gateway.key,
    accountId: call.accountId,
    provider: step.provider.slug,
    model: step.asked.model ?? step.target.model ?? '',
    customKey: options.key,
  };
}
