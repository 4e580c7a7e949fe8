import type { Budgets } from '../../limits/index.ts';
import type { Clock } from '../../lib/index.ts';
import { billableIn, costOfAnswer, logBill, type PriceBooks } from '../../pricing/index.ts';
import type { GatewayPolicy, LogBodies, LogRecord, LogStore, Outcome } from '../../stores/ports.ts';
import type { Trail } from '../call.ts';
import type { Ended, Measures } from '../measures.ts';
import { stagesForLog } from '../stages.ts';

export interface SettleDeps {
  readonly logs: LogStore;
  readonly clock: Clock;
  readonly prices: PriceBooks;
  readonly budgets: Budgets;
  readonly measures: Measures;
}

const FREE: Cost = { totalPico: 0n, bill: null };

/** Null where nothing had a price: an answer from the cache. */
export interface Cost {
  readonly totalPico: bigint;
  readonly bill: LogRecord['bill'];
}

/** Status of a call whose client left before there was one. */
const CLIENT_CLOSED = 499;

/**
 * The once-per-call end: turns the trail into a log row. Resolves when the row is committed; null when none is wanted.
 */
export function settle(trail: Trail, { logs, clock, prices, budgets, measures }: SettleDeps): Promise<void> | null {
  const { gateway, reservation } = trail;
  // An answer out of the cache costs nothing, whatever prices the call named.
  const cost = trail.cached ? FREE : costOf(trail, prices);
  if (reservation !== null) budgets.settle(reservation, spentOf(trail, cost));
  const ending = {
    outcome: outcomeOf(trail),
    cost,
    durationMs: (trail.endedMono ?? clock.monotonicMs()) - trail.startedMono,
  };
  measures.attempt(trail, ending);
  if (gateway === null || !trail.collect) return null;
  const saved = trail.cached ? costOf(trail, prices) : null;
  return logs.append(recordOf(trail, gateway, { ...ending, saved }), bodiesOf(trail), gateway.retention);
}

/** What spend limits count: the cost; nothing where the provider did no work; null where it did and did not say how much. */
function spentOf(trail: Trail, cost: Cost | null): bigint | null {
  if (cost !== null) return cost.totalPico;
  const refused =
    trail.end === 'refused' || trail.end === 'failed' || (trail.end === 'done' && trail.statusCode >= 400);
  return refused ? 0n : null;
}

function costOf(trail: Trail, prices: PriceBooks): Cost | null {
  const { reading, gateway, provider, modelAsked, startedAtMs: atMs, customCost: custom } = trail;
  if (reading === null || gateway === null) return null;
  const book = prices.of(gateway.accountId);
  const bill = costOfAnswer(book, { provider, modelAsked: modelAsked || null, reading, atMs, custom });
  return bill === null ? null : { totalPico: bill.totalPico, bill: logBill(bill) };
}

function recordOf(
  trail: Trail,
  gateway: GatewayPolicy,
  { outcome, cost, durationMs, saved }: Ended & { saved: Cost | null },
): LogRecord {
  const { reading } = trail;
  const usage = reading?.usage ?? null;
  const billed = reading === null ? null : billableIn(reading);
  return {
    id: trail.id,
    eventId: trail.eventId,
    accountId: gateway.accountId,
    gatewayKey: gateway.key,
    createdAtMs: trail.startedAtMs,
    durationMs: Math.round(durationMs),
    latencyMs: trail.latencyMs === null ? null : Math.round(trail.latencyMs),
    provider: trail.provider,
    model: reading?.model || trail.modelAsked,
    modelAsked: trail.modelAsked,
    modelType: modelTypeOf(trail),
    method: trail.method,
    path: trail.path,
    requestType: trail.requestType,
    requestContentType: trail.requestContentType,
    responseContentType: trail.responseContentType,
    requestSize: trail.requestSize,
    responseSize: trail.responseSize,
    statusCode: trail.statusCode === 0 ? CLIENT_CLOSED : trail.statusCode,
    outcome,
    cached: trail.cached,
    step: trail.step,
    tokensIn: usage?.input ?? null,
    tokensOut: usage?.output ?? null,
    usage,
    usageSource: usage === null ? null : trail.usageSource,
    costPico: cost?.totalPico ?? null,
    // Says that no price list has a word in it, also where the cost is not known.
    bill:
      cost?.bill ?? (trail.customCost === null || trail.cached ? null : { source: 'custom', version: null, lines: [] }),
    serviceTier: billed?.serviceTier ?? null,
    billedRuns: billed?.billedRuns?.slice() ?? null,
    savedPico: saved?.totalPico ?? null,
    customCost: trail.customCost !== null && cost !== null && !trail.cached,
    metadata: trail.metadata,
    authentication: trail.authenticated,
    wholesale: trail.wholesale,
    byok: trail.byok,
    compatibilityMode: false,
    feedback: null,
    score: null,
    userAgent: trail.userAgent,
    dlpAction: null,
    error: trail.error ?? readError(trail),
    streamed: trail.streamed,
    finishReason: reading?.finishReason ?? null,
    payloadDropped: trail.payloadDropped,
    limitsObserved: trail.limitsObserved.length === 0 ? null : trail.limitsObserved,
    zeroRetention: trail.zeroRetention,
    stages: stagesForLog(trail.stages),
  };
}

function outcomeOf(trail: Trail): Outcome {
  switch (trail.end) {
    case 'refused':
      return 'refused';
    case 'failed':
    case null:
      return 'error';
    case 'cancelled':
      return 'cancelled';
    case 'truncated':
      return 'truncated';
    case 'done':
      return trail.statusCode >= 400 || (trail.reading?.error ?? null) !== null ? 'error' : 'success';
    default:
      return trail.end satisfies never;
  }
}

function readError(trail: Trail): LogRecord['error'] {
  const error = trail.reading?.error ?? null;
  return error === null ? null : { code: error.code ?? error.type, message: error.message ?? '' };
}

function bodiesOf(trail: Trail): LogBodies | null {
  if (!trail.collectPayload || trail.payloadDropped) return null;
  return {
    request: trail.requestBody,
    response: trail.responseBody,
    responseText: trail.streamed ? (trail.reading?.text ?? null) : null,
  };
}

function modelTypeOf(trail: Trail): string | null {
  switch (trail.format) {
    case 'openai-chat':
    case 'openai-responses':
    case 'anthropic-messages':
    case 'google-generate':
    case 'bedrock-converse':
    case 'cohere-v1':
    case 'cohere-v2':
      return 'chat';
    case 'openai-completions':
    case 'ollama':
    case 'tgi':
      return 'text';
    case 'openai-embeddings':
    case 'google-embeddings':
      return 'embeddings';
    case 'openai-images':
      return 'image';
    case 'openai-audio':
      return 'audio';
    case 'cohere-rerank':
      return 'rerank';
    case 'openai-models':
    case 'bedrock-invoke':
    case 'replicate':
    case 'workers-ai':
    case 'unknown':
      return null;
    default:
      return trail.format satisfies never;
  }
}
