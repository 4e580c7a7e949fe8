import { Refusal } from '@headgate/contract';
import { type CustomCost, CustomCostError, parseCustomCost } from '../pricing/index.ts';
import type { MetadataValue } from '../stores/log-ports.ts';
import type { GatewayPolicy, RetryPolicy } from '../stores/snapshot-ports.ts';
import { booleanHeader, type HeaderSource, metadataHeader } from './headers.ts';

/**
 * What a call asks of the gateway. Step headers win over request headers, those over the gateway's settings; a switch that
 * restricts (`cf-aig-no-wholesale`) can only be tightened.
 */
export interface CallOptions {
  /** Ties rows together; null: the call's own id. */
  readonly eventId: string | null;
  readonly collect: boolean;
  readonly collectPayload: boolean;
  readonly metadata: Record<string, MetadataValue> | null;
  /** Null: this call is not cached. */
  readonly cache: CacheOptions | null;
  /** To the first byte of an attempt that has another one after it; null: only the process-wide limit. */
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy;
  /** Alias of the stored key to use; null: the default one. */
  readonly keyAlias: string | null;
  /** The operator's own keys may not be used. */
  readonly ownKeysOnly: boolean;
  /** The provider is not to keep request and answer. */
  readonly zeroRetention: boolean;
  /** The client's own prices, or null. */
  readonly customCost: CustomCost | null;
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_RETRIES = 5;
const MAX_RETRY_DELAY_MS = 60_000;

export interface CacheOptions {
  /** Neither look up, nor join, nor store. */
  readonly skip: boolean;
  readonly ttlS: number;
  /** Takes the place of provider, endpoint, model and body in the key. */
  readonly key: string | null;
}

/** Lifetime with a custom key where neither header nor gateway names one. */
const CUSTOM_KEY_TTL_S = 300;
const MIN_TTL_S = 60;
const MAX_TTL_S = 30 * 24 * 3600;

/** @throws Refusal 400/2004 naming the header whose value cannot be used. */
export function readOptions(headers: HeaderSource, gateway: GatewayPolicy): CallOptions {
  return {
    eventId: headers.get('cf-aig-event-id') || null,
    collect: booleanHeader(headers, 'cf-aig-collect-log') ?? gateway.collectLogs,
    collectPayload: booleanHeader(headers, 'cf-aig-collect-log-payload') ?? true,
    metadata: metadataHeader(headers),
    cache: cacheOptions(headers, gateway.cacheTtlS),
    timeoutMs: integerHeader(headers, 'cf-aig-request-timeout', { min: 1, max: MAX_TIMEOUT_MS }),
    retry: retryPolicy(headers, gateway.retry),
    keyAlias: headers.get('cf-aig-byok-alias') || null,
    ownKeysOnly: gateway.ownKeysOnly || booleanHeader(headers, 'cf-aig-no-wholesale') === true,
    zeroRetention: booleanHeader(headers, 'cf-aig-zdr') ?? gateway.zeroRetention,
    customCost: customCost(headers.get('cf-aig-custom-cost')),
  };
}

/** Null where the gateway does not cache and no key opts the call in, or where a lifetime of 0 opts it out. */
function cacheOptions(headers: HeaderSource, gatewayTtlS: number): CacheOptions | null {
  const key = headers.get('cf-aig-cache-key') || null;
  const asked =
    integerHeader(headers, 'cf-aig-cache-ttl', { min: 0, max: Number.MAX_SAFE_INTEGER }) ??
    integerHeader(headers, 'cf-cache-ttl', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const skip = booleanHeader(headers, 'cf-aig-skip-cache') ?? booleanHeader(headers, 'cf-skip-cache') ?? false;
  if (asked === 0 || (key === null && gatewayTtlS === 0)) return null;
  const ttlS = asked === null ? gatewayTtlS || CUSTOM_KEY_TTL_S : Math.min(Math.max(asked, MIN_TTL_S), MAX_TTL_S);
  return { skip, ttlS, key };
}

function retryPolicy(headers: HeaderSource, fallback: RetryPolicy): RetryPolicy {
  const backoff = headers.get('cf-aig-backoff');
  if (backoff !== null && backoff !== 'constant' && backoff !== 'linear' && backoff !== 'exponential') {
    throw new Refusal('requestInvalid', { message: 'cf-aig-backoff must be constant, linear or exponential' });
  }
  return {
    retries: integerHeader(headers, 'cf-aig-max-attempts', { min: 0, max: MAX_RETRIES }) ?? fallback.retries,
    delayMs: integerHeader(headers, 'cf-aig-retry-delay', { min: 0, max: MAX_RETRY_DELAY_MS }) ?? fallback.delayMs,
    backoff: backoff ?? fallback.backoff,
  };
}

function integerHeader(headers: HeaderSource, name: string, { min, max }: { min: number; max: number }): number | null {
  const text = headers.get(name);
  if (text === null) return null;
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new Refusal('requestInvalid', { message: `${name} must be a whole number from ${min} to ${max}` });
  }
  return value;
}

function customCost(text: string | null): CustomCost | null {
  if (text === null) return null;
  try {
    return parseCustomCost(text);
  } catch (error) {
    if (!(error instanceof CustomCostError)) throw error;
    throw new Refusal('requestInvalid', { message: error.message });
  }
}
