import type { RetryPolicy } from '../stores/snapshot-ports.ts';

/** Longest wait before a retry, in milliseconds. */
const MAX_DELAY_MS = 60_000;

/** Whether another try may help: throttling, conflicts and the provider's own faults; never another 4xx. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/**
 * How long to wait before try `retry` (from 1), in milliseconds: constant, linear or exponential with full jitter, capped
 * at 60 s. What the provider asked for by `Retry-After` is honoured within the cap; null when it asks for longer: then
 * trying again is no use.
 */
export function retryDelayMs(
  retry: number,
  policy: RetryPolicy,
  given: { retryAfterMs: number | null; random: () => number },
): number | null {
  if (given.retryAfterMs !== null) return given.retryAfterMs <= MAX_DELAY_MS ? given.retryAfterMs : null;
  return Math.min(MAX_DELAY_MS, baseDelayMs(retry, policy)) * given.random();
}

function baseDelayMs(retry: number, { delayMs, backoff }: RetryPolicy): number {
  switch (backoff) {
    case 'constant':
      return delayMs;
    case 'linear':
      return delayMs * retry;
    case 'exponential':
      return delayMs * 2 ** (retry - 1);
    default:
      return backoff satisfies never;
  }
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` in milliseconds from now: seconds or an HTTP date; null when absent or unreadable. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  // `Date.parse` alone takes nearly any text with a number in it for a date.
  const dateMs = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}
