import { Refusal } from '@headgate/contract';
import type { Clock } from '../../lib/index.ts';
import type { Answer, Attempt, ReadCall } from '../call.ts';
import { type Send, UpstreamFailure } from '../upstream.ts';

export interface SendDeps {
  readonly send: Send;
  readonly clock: Clock;
  /** Longest wait for the first byte of the answer. */
  readonly firstByteTimeoutMs: number;
}

/**
 * Makes one upstream request and waits for the head of its answer. The request ends when the client leaves.
 * @throws Refusal 502/2005 when the provider cannot be reached, 504/2005 when it stays silent; both name the cause.
 *   Rejects with the abort reason when the client left.
 */
export async function sendAttempt(call: ReadCall, attempt: Attempt, deps: SendDeps): Promise<Answer> {
  const { trail } = call;
  const client = call.request.signal;
  const upstream = new AbortController();
  const leave = () => upstream.abort(client.reason);
  if (client.aborted) leave();
  else client.addEventListener('abort', leave, { once: true });
  let timedOut = false;
  const cancelTimer = deps.clock.after(deps.firstByteTimeoutMs, () => {
    timedOut = true;
    upstream.abort();
  });
  try {
    const response = await deps.send({
      url: attempt.target.url,
      method: call.request.method,
      headers: attempt.headers,
      body: call.body,
      signal: upstream.signal,
      userGiven: attempt.target.userGiven === true,
    });
    trail.latencyMs = deps.clock.monotonicMs() - trail.startedMono;
    return { attempt, response, upstream };
  } catch (error) {
    if (client.aborted) throw error;
    const failure = timedOut ? new UpstreamFailure('timeout', { cause: error }) : asFailure(error);
    trail.error = { code: failure.reason, message: failure.message };
    throw new Refusal(failure.reason === 'timeout' ? 'providerTimeout' : 'providerUnreachable', {
      message: `Failed to get response from provider (${failure.message})`,
      cause: error,
    });
  } finally {
    cancelTimer();
  }
}

function asFailure(error: unknown): UpstreamFailure {
  return error instanceof UpstreamFailure ? error : new UpstreamFailure('unknown', { cause: error });
}
