import type { Budgets } from '../../limits/index.ts';
import type { Clock } from '../../lib/index.ts';
import {
  type Bill,
  type BillableReading,
  billableIn,
  costOfAnswer,
  logBill,
  type PriceBooks,
} from '../../pricing/index.ts';
import type { LogBodies, LogRecord, LogStore, Outcome } from '../../stores/log-ports.ts';
import type { GatewayPolicy } from '../../stores/snapshot-ports.ts';
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

/** What there is to say of an answer's price. */
interface Priced {
  readonly billable: BillableReading;
  /** Null when the cost is not known. Of an answer from the cache: what it would have cost. */
  readonly bill: Bill | null;
}

/** Status of a call whose client left before there was one. */
const CLIENT_CLOSED = 499;

/**
 * The once-per-call end: turns the trail into a log row. Resolves when the row is committed; null when none is wanted.
 */
export function settle(trail: Trail, { logs, clock, prices, budgets, measures }: SettleDeps): Promise<void> | null {
  const { gateway, reservation, cached } = trail;
  // Of an answer out of the cache only its row tells what it would have cost.
  const priced = cached && !trail.collect ? null : priceOf(trail, prices);
  // An answer out of the cache costs nothing, whatever prices the call named.
  const costPico = cached ? 0n : (priced?.bill?.totalPico ?? null);
  if (reservation !== null) budgets.settle(reservation, spentOf(trail, costPico));
  const ended = {
    outcome: outcomeOf(trail),
    costPico,
    durationMs: (trail.endedMono ?? clock.monotonicMs()) - trail.startedMono,
  };
  measures.attempt(trail, ended);
  if (gateway === null || !trail.collect) return null;
  return logs.append(recordOf(trail, gateway, { ended, priced }), bodiesOf(trail), gateway.retention);
}

/** What spend limits count: the cost; nothing where the provider did no work; null where it did and did not say how much. */
function spentOf(trail: Trail, costPico: bigint | null): bigint | null {
  if (costPico !== null) return costPico;
  const refused =
    trail.end === 'refused' || trail.end === 'failed' || (trail.end === 'done' && trail.statusCode >= 400);
  return refused ? 0n : null;
}

/** Null where there is no answer that was read. */
function priceOf(trail: Trail, prices: PriceBooks): Priced | null {
  const { reading, gateway, provider, startedAtMs: atMs, customCost: custom } = trail;
  if (reading === null || gateway === null) return null;
  const billable = billableIn(reading);
  const call = { provider, modelAsked: trail.modelAsked || null, reading, atMs, custom };
  const bill = costOfAnswer(prices.of(gateway.accountId), call, billable);
  return { billable, bill };
}

function recordOf(
  trail: Trail,
  gateway: GatewayPolicy,
  { ended, priced }: { ended: Ended; priced: Priced | null },
): LogRecord {
  const { reading, cached } = trail;
  const { outcome, costPico, durationMs } = ended;
  const usage = reading?.usage ?? null;
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
    cached,
    step: trail.step,
    tokensIn: usage?.input ?? null,
    tokensOut: usage?.output ?? null,
    usage,
    usageSource: usage === null ? null : trail.usageSource,
    costPico,
    bill: cached ? null : billOf(trail, priced),
    serviceTier: priced?.billable.serviceTier ?? null,
    billedRuns: priced?.billable.billedRuns?.slice() ?? null,
    savedPico: cached ? (priced?.bill?.totalPico ?? null) : null,
    customCost: trail.customCost !== null && costPico !== null && !cached,
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

/** The client's own prices say that no price list has a word in it, also where the cost is not known. */
function billOf({ customCost }: Trail, priced: Priced | null): LogRecord['bill'] {
  const bill = priced?.bill ?? null;
  if (bill !== null) return logBill(bill);
  return customCost === null ? null : { source: 'custom', version: null, lines: [] };
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
