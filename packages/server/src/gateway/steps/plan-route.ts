import { Refusal } from '@headgate/contract';
import { Fields } from '../../lib/index.ts';
import { readRequest, type RequestReading } from '../../formats/index.ts';
import { customProviderRow, findProvider, type ProviderRow, type RetentionSwitch } from '../../providers/index.ts';
import type { ConfigSnapshot } from '../../stores/snapshot-ports.ts';
import type { ReadCall, Step } from '../call.ts';
import { findCredentials, type OwnTokens } from '../credentials.ts';
import { upstreamHeaders } from '../headers.ts';
import { type CallOptions, readOptions } from '../options.ts';
import { readUniversal, type UniversalStep } from '../universal.ts';
import { waitsToBeAsked } from '../stream-usage.ts';

export interface PlanDeps {
  readonly control: ConfigSnapshot;
  readonly ownTokens: OwnTokens;
  /** Replacement bases by provider slug. */
  readonly baseUrls: ReadonlyMap<string, string>;
}

const NOTHING_ASKED: RequestReading = { model: null, stream: false, streamOptions: 'none', maxOutputTokens: null };
const CUSTOM_PREFIX = 'custom-';

/**
 * Turns a call into the upstream requests to make, in order: one for a provider's path, several for the universal endpoint.
 * @throws Refusal 400/2008 for an unknown or disabled provider, 400/2004 for a path that its rule cannot place and for a
 *   universal body that cannot be read.
 */
export function planRoute(call: ReadCall, deps: PlanDeps): Step[] {
  if (call.providerSlug !== '' || call.request.method !== 'POST') return [planNative(call, deps)];
  call.trail.requestType = 'universal';
  // The whole body holds the steps' headers, keys among them: rows keep each step's own request instead.
  call.trail.requestBody = null;
  return readUniversal(call.body).map((step, index) => planUniversal(call, { step, index }, deps));
}

function planNative(call: ReadCall, deps: PlanDeps): Step {
  return planStep(call, deps, {
    index: 0,
    slug: call.providerSlug,
    path: call.path,
    query: call.query,
    method: call.request.method,
    headers: call.headers,
    body: call.body,
    options: call.options,
  });
}

/** A step's own headers take the place of the request's: only our switches are inherited. */
function planUniversal(call: ReadCall, { step, index }: { step: UniversalStep; index: number }, deps: PlanDeps): Step {
  const queryAt = step.endpoint.indexOf('?');
  const sent = Fields.of(step.headers);
  const found = findCredentials(sent.record, queryAt < 0 ? '' : step.endpoint.slice(queryAt), deps);
  const own = readOptions({ get: (name) => sent.get(name) ?? call.sent.get(name) }, call.gateway);
  // What restricts can be tightened by a step, not loosened.
  const options = { ...own, ownKeysOnly: own.ownKeysOnly || call.options.ownKeysOnly };
  const headers = upstreamHeaders(sent.record, found.drop);
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return planStep(call, deps, {
    index,
    slug: step.provider,
    path: queryAt < 0 ? step.endpoint : step.endpoint.slice(0, queryAt),
    query: found.query,
    method: 'POST',
    headers,
    body: step.body,
    options,
  });
}

interface Wanted {
  index: number;
  slug: string;
  path: string;
  query: string;
  method: string;
  headers: Fields;
  body: Uint8Array | null;
  options: CallOptions;
}

function planStep(call: ReadCall, deps: PlanDeps, wanted: Wanted): Step {
  const { index, headers, query, method, body, options } = wanted;
  const provider = providerOf(wanted.slug, call.accountId, deps.control);
  if (provider === null) throw new Refusal('providerInvalid');
  const target = provider.target({
    accountId: call.accountId,
    path: wanted.path,
    query,
    // Not the client's own headers: those may hold our token.
    header: (name) => headers.get(name),
    baseUrl: deps.baseUrls.get(provider.slug) ?? null,
  });
  if ('problem' in target) throw new Refusal('requestInvalid', { message: target.problem });
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  const asked = body === null || body.byteLength === 0 ? NOTHING_ASKED : readRequest(body, headers.get('content-type'));
  const format = provider.format(target.path);
  return {
    index,
    provider,
    target,
    format,
    method,
    headers,
    query,
    body,
    asked,
    asksUsage: call.gateway.asksUsage && waitsToBeAsked({ provider, format, asked }),
    retentionSwitch: options.zeroRetention ? retentionSwitch(provider, target.path) : null,
    options,
  };
}

function retentionSwitch({ zeroRetention }: ProviderRow, path: string): RetentionSwitch | null {
  return zeroRetention?.paths.test(path) === true ? zeroRetention : null;
}

function providerOf(slug: string, accountId: string, control: ConfigSnapshot): ProviderRow | null {
  if (!slug.startsWith(CUSTOM_PREFIX)) return findProvider(slug);
  const custom = control.customProvider(accountId, slug.slice(CUSTOM_PREFIX.length));
  return custom === null ? null : customProviderRow(custom);
}
