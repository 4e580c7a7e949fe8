import { Refusal } from '@headgate/contract';
import { type Clock, Fields } from '../../lib/index.ts';
import { setMember } from '../../formats/index.ts';
import { type Authorizer, CredentialError } from '../../providers/index.ts';
import type { Opened, Step, Trail } from '../call.ts';
import { type Send, UpstreamFailure } from '../upstream.ts';
import { bodyOf } from '../answer-body.ts';
import type { Leaving } from '../leaving.ts';
import { lap } from '../stages.ts';
import type { StreamUsage } from '../stream-usage.ts';
import type { ChosenKey } from './choose-key.ts';

export interface SendDeps {
  readonly send: Send;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly streamUsage: StreamUsage;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
}

export interface Sending {
  readonly step: Step;
  readonly trail: Trail;
  readonly key: ChosenKey;
  /** The upstream request ends when this happens: the client left, or all that share the answer did. */
  readonly client: Leaving;
  /** Longest wait for the first byte of the answer. */
  readonly firstByteTimeoutMs: number;
}

/**
 * Makes one upstream request and waits for the head of its answer; for the body, too, where that is short.
 * @throws Refusal 502/2005 when the provider cannot be reached, 504/2005 when it stays silent, 400/2040 for a stored
 *   credential that cannot be used; all name the cause, none a key. Rejects with the abort reason when the client left.
 */
export async function sendAttempt(sending: Sending, deps: SendDeps): Promise<Opened> {
  const { step, trail, client } = sending;
  const upstream = new AbortController();
  client.onLeave(() => upstream.abort(client.reason));
  let timedOut = false;
  const stopTimer = deps.clock.after(sending.firstByteTimeoutMs, () => {
    timedOut = true;
    upstream.abort();
  });
  try {
    const sent = step.options.zeroRetention ? withoutRetention(step, trail) : step;
    const once = (asked: Step) => sendOnce(asked, sending, { deps, signal: upstream.signal });
    const response = sent.asksUsage ? await deps.streamUsage.send(sent, trail, once) : await once(sent);
    trail.latencyMs = trail.lapMono - trail.startedMono;
    const { status, statusText } = response;
    const answered = Fields.of(response.headers);
    if (status < 200 || status > 599) {
      upstream.abort();
      throw new UpstreamFailure('unknown', { detail: `status ${status}` });
    }
    trail.statusCode = status;
    trail.responseContentType = answered.get('content-type');
    stopTimer();
    const { clock, idleTimeoutMs } = deps;
    const found = bodyOf(response, { headers: answered, method: step.method, trail, upstream, clock, idleTimeoutMs });
    const body = found instanceof Promise ? await found : found;
    return { step, trail, status, statusText, headers: answered, body, upstream, row: null };
  } catch (error) {
    if (client.left) throw error;
    if (error instanceof CredentialError && error.problem !== 'unreachable') {
      throw new Refusal('keyMissing', { message: error.message, cause: error });
    }
    throw unreachable(trail, timedOut ? new UpstreamFailure('timeout', { cause: error }) : asFailure(error));
  } finally {
    stopTimer();
  }
}

/** The step with the provider's switch against keeping it set, where there is one; the trail says which. */
function withoutRetention(step: Step, trail: Trail): Step {
  const { retentionSwitch, body } = step;
  const set =
    retentionSwitch === null || body === null ? null : setMember(body, retentionSwitch.member, retentionSwitch.value);
  trail.zeroRetention = set === null ? 'unsupported' : 'forwarded';
  return set === null ? step : { ...step, body: set };
}

async function sendOnce(
  step: Step,
  { trail, key }: Sending,
  { deps, signal }: { deps: SendDeps; signal: AbortSignal },
): Promise<Response> {
  const stored = authorized(step, key, deps.authorizer);
  const { url, headers } = stored === null ? { url: step.target.url, headers: step.headers } : await stored;
  lap(trail, 'key', deps.clock);
  const { method, body, target } = step;
  const response = await deps.send({ url, method, headers, body, signal, userGiven: target.userGiven === true });
  lap(trail, 'provider', deps.clock);
  return response;
}

/** The request with a credential put onto it; null where it goes as the client sent it. */
function authorized(
  step: Step,
  key: ChosenKey,
  authorizer: Authorizer,
): Promise<{ url: string; headers: Fields }> | null {
  const { provider: row, target, method, headers, body } = step;
  if (key.kind === 'sent' || key.kind === 'none') return null;
  return authorizer.authorize({ row, target, method, headers, body, secret: key.secret });
}

function unreachable(trail: Trail, failure: UpstreamFailure): Refusal {
  trail.error = { code: failure.reason, message: failure.message };
  return new Refusal(failure.reason === 'timeout' ? 'providerTimeout' : 'providerUnreachable', {
    message: `Failed to get response from provider (${failure.message})`,
    cause: failure,
  });
}

function asFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  if (error instanceof CredentialError && error.cause instanceof UpstreamFailure) return error.cause;
  return new UpstreamFailure('unknown', { cause: error });
}
