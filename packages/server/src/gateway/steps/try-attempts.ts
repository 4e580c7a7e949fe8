import { Refusal } from '@headgate/contract';
import type { Answer, ReadCall, Step, Trail } from '../call.ts';
import { isRetryableStatus, retryAfterMs, retryDelayMs } from '../retry.ts';
import { UpstreamFailure } from '../upstream.ts';
import { chooseKey, type ChosenKey, type KeyDeps } from './choose-key.ts';
import { type SendDeps, sendAttempt } from './send-attempt.ts';

export interface TryDeps extends SendDeps, KeyDeps {
  /** Longest wait for the first byte, whatever a call asks. */
  readonly firstByteTimeoutMs: number;
  /** The trail of the next attempt: the call's own first, then new ones with rows of their own. */
  readonly begin: (step: Step) => Trail;
  /** Ends an attempt that another one follows. */
  readonly giveUp: (failed: Answer | { trail: Trail; refusal: Refusal }) => void;
}

/**
 * The only loop: tries the steps in order, each with its retries, until one answers well. A single step's answer goes back
 * whatever its status; with several, anything but success moves on, and when all fail the last one's own answer goes back.
 * @throws Refusal of the last attempt; rejects with the abort reason when the client left.
 */
export async function tryAttempts(call: ReadCall, steps: readonly Step[], deps: TryDeps): Promise<Answer> {
  for (const [at, step] of steps.entries()) {
    const isLastStep = at === steps.length - 1;
    for (let retry = 0; ; retry++) {
      const isLastTry = retry >= step.options.retry.retries;
      const outcome = await attempt(call, step, { ...deps, waits: waitMs(step, { isLastStep, isLastTry, ...deps }) });
      const failed = isFailure(outcome, steps.length > 1);
      const delayMs = failed && !isLastTry ? delayBefore(outcome, retry + 1, { step, deps }) : null;
      if (!failed || (delayMs === null && isLastStep)) {
        if ('refusal' in outcome) throw outcome.refusal;
        return outcome;
      }
      deps.giveUp(outcome);
      if (delayMs === null) break;
      await pause(delayMs, { clock: deps.clock, client: call.request.signal });
    }
  }
  throw new Error('a plan has at least one step');
}

type Outcome = Answer | { trail: Trail; refusal: Refusal };

async function attempt(call: ReadCall, step: Step, deps: TryDeps & { waits: number }): Promise<Outcome> {
  const trail = deps.begin(step);
  try {
    const key = chooseKey(step, call.gateway, deps);
    trail.byok = key.kind === 'stored';
    trail.wholesale = key.kind === 'operator';
    const sending = { step, trail, key, client: call.request.signal, firstByteTimeoutMs: deps.waits };
    const answer = await sendAttempt(sending, deps);
    reportKey(key, answer, deps);
    return answer;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { trail, refusal: error };
  }
}

function reportKey(key: ChosenKey, { response }: Answer, { pool, clock }: TryDeps): void {
  if (key.kind !== 'stored') return;
  const nowMs = clock.nowMs();
  pool.report(key.keyId, {
    status: response.status,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), nowMs),
    nowMs,
  });
}

/**
 * A call's own timeout holds for every attempt that has something after it, and for a lone one without retries; the last
 * try of several waits as long as the process lets it.
 */
function waitMs(step: Step, at: { isLastStep: boolean; isLastTry: boolean; firstByteTimeoutMs: number }): number {
  const { timeoutMs, retry } = step.options;
  const unbounded = timeoutMs === null || (at.isLastStep && at.isLastTry && retry.retries > 0);
  return unbounded ? at.firstByteTimeoutMs : Math.min(timeoutMs, at.firstByteTimeoutMs);
}

function isFailure(outcome: Outcome, anyButSuccess: boolean): boolean {
  if ('refusal' in outcome) return true;
  const { status, ok } = outcome.response;
  return anyButSuccess ? !ok : isRetryableStatus(status);
}

/** Milliseconds until the retry; null when trying again is no use. */
function delayBefore(outcome: Outcome, retry: number, { step, deps }: { step: Step; deps: TryDeps }): number | null {
  const given = { retryAfterMs: null as number | null, random: deps.random };
  if ('refusal' in outcome) {
    const { cause } = outcome.refusal;
    const mayPass = cause instanceof UpstreamFailure && cause.reason !== 'blocked';
    return mayPass ? retryDelayMs(retry, step.options.retry, given) : null;
  }
  if (!isRetryableStatus(outcome.response.status)) return null;
  given.retryAfterMs = retryAfterMs(outcome.response.headers.get('retry-after'), deps.clock.nowMs());
  return retryDelayMs(retry, step.options.retry, given);
}

function pause(delayMs: number, { clock, client }: { clock: TryDeps['clock']; client: AbortSignal }): Promise<void> {
  client.throwIfAborted();
  if (delayMs === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const leave = () => {
      cancel();
      reject(client.reason);
    };
    const cancel = clock.after(delayMs, () => {
      client.removeEventListener('abort', leave);
      resolve();
    });
    client.addEventListener('abort', leave, { once: true });
  });
}
