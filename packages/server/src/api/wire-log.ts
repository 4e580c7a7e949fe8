import { type CostBreakdown, LOG_HEAD_CHARACTERS, type LogRow } from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import { usageMetadata } from '../formats/index.ts';
import { charge, dollarText, parsePico, wireRateName } from '../pricing/index.ts';
import type { LogBodies, LogRecord, LogStatistics } from '../stores/log-ports.ts';

/** A log record as the API shows it. */
export function wireLog(record: LogRecord): LogRow {
  return {
    id: record.id,
    event_id: record.eventId,
    created_at: isoTime(record.createdAtMs),
    provider: record.provider,
    model: record.model,
    model_type: record.modelType,
    path: record.path,
    request_type: record.requestType,
    request_content_type: record.requestContentType,
    response_content_type: record.responseContentType,
    status_code: record.statusCode,
    success: record.outcome === 'success',
    outcome: record.outcome,
    error: record.error,
    cached: record.cached,
    step: record.step,
    streamed: record.streamed,
    finish_reason: record.finishReason,
    duration: record.durationMs,
    timings: {
      total: record.durationMs,
      latency: record.latencyMs,
      ...(record.stages === null ? {} : { stages: record.stages }),
    },
    tokens_in: record.tokensIn,
    tokens_out: record.tokensOut,
    usage_metadata: record.usage === null ? null : usageMetadata(record.usage),
    service_tier: record.serviceTier,
    usage_source: record.usageSource,
    estimated: record.usageSource === 'estimated' || record.usageSource === 'relayed',
    cost: record.costPico === null ? null : dollars(record.costPico),
    saved_cost: record.savedPico === null ? null : dollars(record.savedPico),
    custom_cost: record.customCost,
    zdr: record.zeroRetention,
    metadata: record.metadata === null ? null : JSON.stringify(record.metadata),
    authentication: record.authentication,
    wholesale: record.wholesale,
    byok: record.byok,
    compatibilityMode: record.compatibilityMode,
    feedback: record.feedback,
    score: record.score,
    user_agent: record.userAgent,
    dlp_action: record.dlpAction,
    request_size: record.requestSize,
    response_size: record.responseSize,
    payload_dropped: record.payloadDropped,
    limits_observed: record.limitsObserved === null ? null : [...record.limitsObserved],
  };
}

/** Pico-dollars as dollars: exact to the twelfth place for amounts below 9,007 dollars. */
export function dollars(pico: bigint): number {
  return Number(pico) / 1e12;
}

/** The bill of a row: null where its cost is not known. */
export function wireBill({ costPico, bill, cached }: LogRecord): CostBreakdown | null {
  if (costPico === null || (bill === null && !cached)) return null;
  const components = (bill?.lines ?? []).map(({ component, units, unitPrice }) => {
    const rate = parsePico(unitPrice);
    return {
      component: wireRateName(component),
      units,
      unit_price: dollarText(rate),
      cost: dollars(charge(rate, units)),
    };
  });
  return {
    total: dollars(costPico),
    currency: 'USD',
    price_version: bill?.version ?? null,
    source: bill?.source ?? 'cache',
    components,
  };
}

export interface Heads {
  request_head: string | null;
  request_head_complete: boolean;
  response_head: string | null;
  response_head_complete: boolean;
}

/** The beginnings of the kept bodies. Without bodies both are null. */
export function heads({ requestContentType, responseContentType }: LogRecord, bodies: LogBodies | null): Heads {
  const request = head(bodies?.request ?? null, requestContentType);
  const response =
    bodies !== null && bodies.responseText !== null
      ? cut(bodies.responseText)
      : head(bodies?.response ?? null, responseContentType);
  return {
    request_head: request.text,
    request_head_complete: request.complete,
    response_head: response.text,
    response_head_complete: response.complete,
  };
}

interface Head {
  text: string | null;
  complete: boolean;
}

const TEXTUAL = /^text\/|json|xml|event-stream|x-www-form-urlencoded/i;

function head(body: Uint8Array | null, contentType: string | null): Head {
  if (body === null || (contentType !== null && !TEXTUAL.test(contentType))) return { text: null, complete: false };
  // A character takes at most four bytes: enough of them hold the head, and the rest need not be decoded.
  const limit = 4 * LOG_HEAD_CHARACTERS;
  const whole = body.byteLength <= limit;
  const { text, complete } = cut(new TextDecoder().decode(whole ? body : body.subarray(0, limit)));
  return { text, complete: complete && whole };
}

function cut(text: string): Head {
  if (text.length <= LOG_HEAD_CHARACTERS) return { text, complete: true };
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(LOG_HEAD_CHARACTERS - 1));
  return { text: text.slice(0, splitsPair ? LOG_HEAD_CHARACTERS - 1 : LOG_HEAD_CHARACTERS), complete: false };
}

/** Minima and maxima for `result_info`; those of no row are left out. */
export function wireStatistics(statistics: LogStatistics | null): Record<string, number> {
  if (statistics === null) return {};
  const cost = (pico: bigint | null) => (pico === null ? null : dollars(pico));
  const numbers: [string, number | null][] = [
    ['min_cost', cost(statistics.minCostPico)],
    ['max_cost', cost(statistics.maxCostPico)],
    ['min_duration', statistics.minDurationMs],
    ['max_duration', statistics.maxDurationMs],
    ['min_tokens_in', statistics.minTokensIn],
    ['max_tokens_in', statistics.maxTokensIn],
    ['min_tokens_out', statistics.minTokensOut],
    ['max_tokens_out', statistics.maxTokensOut],
    ['min_total_tokens', statistics.minTotalTokens],
    ['max_total_tokens', statistics.maxTotalTokens],
  ];
  return Object.fromEntries(numbers.filter((entry): entry is [string, number] => entry[1] !== null));
}
