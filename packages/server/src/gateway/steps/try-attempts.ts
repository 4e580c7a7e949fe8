import { Refusal } from '@headgate/contract';
import type { Answer, Begin, Failed, Opened, ReadCall, Step, Trail } from '../call.ts';
import { isRetryableStatus, retryAfterMs, retryDelayMs } from '../retry.ts';
import { UpstreamFailure } from '../upstream.ts';
import { type BudgetDeps, checkBudget } from './check-budget.ts';
import { chooseKey, type ChosenKey, type KeyDeps } from './choose-key.ts';
import { RateCount, type RateDeps } from './limit-rate.ts';
import { type CacheDeps, type Open, readCache } from './read-cache.ts';
import type { Leaving } from '../leaving.ts';
import { lap } from '../stages.ts';
import { type SendDeps, sendAttempt } from './send-attempt.ts';

export interface TryDeps extends SendDeps, KeyDeps, CacheDeps, RateDeps, BudgetDeps {
  /** Longest wait for the first byte, whatever a call asks. */
  readonly firstByteTimeoutMs: number;
  /** Ends a step's answer that another step follows. */
  readonly passOver: (answer: Answer) => void;
}

/** One call's steps: `deps` is the same for all calls. */
export interface Trying {
  readonly steps: readonly Step[];
  readonly begin: Begin;
  readonly deps: TryDeps;
}

/**
 * Tries the steps in order until one answers well. A single step's answer goes back whatever its status; with several,
 * anything but success moves on, and when all fail the last one's own answer goes back.
 * @throws Refusal of the last step; rejects with the abort reason when the client left.
 */
export async function tryAttempts(call: ReadCall, { steps, begin, deps }: Trying): Promise<Answer> {
  const rate = new RateCount(call, deps);
  for (const [at, step] of steps.entries()) {
    const isLastStep = at === steps.length - 1;
    const open: Open = (client, beginAttempt) =>
      tryStep(call, step, { deps, isLastStep, client, begin: beginAttempt, rate });
    const outcome = await readCache(call, step, { open, begin, deps });
    const failed = 'refusal' in outcome || (steps.length > 1 && (outcome.status < 200 || outcome.status > 299));
    if (!failed || isLastStep) {
      if ('refusal' in outcome) throw outcome.refusal;
      return outcome;
    }
    if ('refusal' in outcome) deps.giveUp(outcome);
    else deps.passOver(outcome);
  }
  throw new Error('a plan has at least one step');
}

interface StepRun {
  readonly deps: TryDeps;
  readonly begin: Begin;
  /** Its refusal ends the whole call. Only where a provider is to be asked: answers from the cache are not limited. */
  readonly rate: RateCount;
  readonly isLastStep: boolean;
  /** Ends what is under way: the client left, or all that share the answer did. */
  readonly client: Leaving;
}

/** One step with its retries. */
async function tryStep(call: ReadCall, step: Step, run: StepRun): Promise<Opened | Failed> {
  const { deps } = run;
  for (let retry = 0; ; retry++) {
    const isLastTry = retry >= step.options.retry.retries;
    const outcome = await attempt(call, step, { run, isLastTry });
    const delayMs = isLastTry ? null : delayBefore(outcome, retry + 1, { step, deps });
    if (delayMs === null) return outcome;
    deps.giveUp(outcome);
    await pause(delayMs, { clock: deps.clock, client: run.client });
  }
}

async function attempt(
  call: ReadCall,
  step: Step,
  { run, isLastTry }: { run: StepRun; isLastTry: boolean },
): Promise<Opened | Failed> {
  const { deps, client } = run;
  const trail = run.begin(step);
  run.rate.check();
  try {
    const key = admit(call, step, { run, trail });
    const firstByteTimeoutMs = waitMs(step, run, isLastTry);
    const sending = { step, trail, key, client, firstByteTimeoutMs };
    const opened = await sendAttempt(sending, deps);
    reportKey(key, opened, deps);
    return opened;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { trail, refusal: error };
  }
}

/**
 * Every limit has room for the attempt, and there is a key for it; else it counts in none of them. Nothing is awaited here,
 * so that a refused call never stands in the way of another.
 * @throws Refusal
 */
function admit(call: ReadCall, step: Step, { run, trail }: { run: StepRun; trail: Trail }): ChosenKey {
  const { deps } = run;
  checkBudget(step, { gateway: call.gateway, trail }, deps);
  lap(trail, 'limit', deps.clock);
  try {
    const key = chooseKey(step, call.gateway, deps);
    trail.byok = key.kind === 'stored';
    trail.wholesale = key.kind === 'operator';
    run.rate.count();
    return key;
  } catch (error) {
    trail.reservation?.release(deps.clock.nowMs());
    throw error;
  }
}

function reportKey(key: ChosenKey, { status, headers }: Opened, { pool, clock }: TryDeps): void {
  if (key.kind !== 'stored') return;
  const nowMs = clock.nowMs();
  pool.report(key.keyId, {
    status,
    retryAfterMs: retryAfterMs(headers.get('retry-after'), nowMs),
    nowMs,
  });
}

/**
 * A call's own timeout holds for every attempt that has something after it, and for a lone one without retries; the last
 * try of several waits as long as the process lets it.
 */
function waitMs(step: Step, { isLastStep, deps }: StepRun, isLastTry: boolean): number {
  const { timeoutMs, retry } = step.options;
  const unbounded = timeoutMs === null || (isLastStep && isLastTry && retry.retries > 0);
  return unbounded ? deps.firstByteTimeoutMs : Math.min(timeoutMs, deps.firstByteTimeoutMs);
}

/** Milliseconds until the retry; null when trying again is no use. */
function delayBefore(
  outcome: Opened | Failed,
  retry: number,
  { step, deps }: { step: Step; deps: TryDeps },
): number | null {
  const given = { retryAfterMs: null as number | null, random: deps.random };
  if ('refusal' in outcome) {
    const { cause } = outcome.refusal;
    const mayPass = cause instanceof UpstreamFailure && cause.reason !== 'blocked';
    return mayPass ? retryDelayMs(retry, step.options.retry, given) : null;
  }
  if (!isRetryableStatus(outcome.status)) return null;
  given.retryAfterMs = retryAfterMs(outcome.headers.get('retry-after'), deps.clock.nowMs());
  return retryDelayMs(retry, step.options.retry, given);
}

function pause(delayMs: number, { clock, client }: { clock: TryDeps['clock']; client: Leaving }): Promise<void> {
  client.throwIfLeft();
  if (delayMs === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => {
      stay();
      resolve();
    });
    const stay = client.onLeave(() => {
      cancel();
      reject(client.reason);
    });
  });
}
