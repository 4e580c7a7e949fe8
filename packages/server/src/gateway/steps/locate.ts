import { ACCOUNT_ID, DEFAULT_GATEWAY_ID, GATEWAY_ID, Refusal } from '@headgate/contract';
import { Fields } from '../../lib/index.ts';
import type { AnswerCache } from '../../stores/cache-ports.ts';
import type { ControlSnapshot } from '../../stores/snapshot-ports.ts';
import type { LocatedCall, Trail } from '../call.ts';
import { leavingOf } from '../leaving.ts';
import { decode, maskedTarget, type OwnTokens } from '../credentials.ts';

/** Sent by browsers when an address is opened as a page or a part of one: such an answer would run in our origin. */
const PAGE_DESTINATIONS = new Set([
  'document',
  'frame',
  'iframe',
  'script',
  'worker',
  'sharedworker',
  'serviceworker',
  'style',
  'object',
  'embed',
]);

export interface LocateDeps {
  readonly control: ControlSnapshot;
  readonly ownTokens: OwnTokens;
  readonly cache: Pick<AnswerCache, 'epoch'>;
}

/**
 * Reads the URL: which account, gateway and provider path.
 * @throws Refusal 403/2010 for page loads, 400/2001 for an unknown account or gateway, 400/2004 for a WebSocket upgrade.
 */
export function locate(request: Request, trail: Trail, deps: LocateDeps): LocatedCall {
  const { control } = deps;
  const cacheEpoch = deps.cache.epoch();
  const parts = split(request.url);
  trail.provider = parts.providerSlug;
  trail.path = maskedTarget(parts.path, parts.query, deps.ownTokens);
  const { accountId, gatewayId } = parts;
  if (!ACCOUNT_ID.test(accountId) || !control.hasAccount(accountId)) {
    throw new Refusal('gatewayUnknown');
  }
  const gateway = GATEWAY_ID.test(gatewayId) ? control.gateway(accountId, gatewayId) : null;
  if (gateway === null && gatewayId !== DEFAULT_GATEWAY_ID) {
    throw new Refusal('gatewayUnknown');
  }
  trail.gateway = gateway;
  const sent = Fields.of(request.headers);
  readHeaders(sent, trail);
  if (deps.ownTokens.in(decode(parts.path)) !== null) {
    throw new Refusal('requestInvalid', { message: 'a token of this gateway may not stand in the path' });
  }
  return {
    request,
    trail,
    client: leavingOf(request.signal),
    sent,
    accountId,
    gatewayId,
    gateway,
    providerSlug: parts.providerSlug,
    path: parts.path,
    query: parts.query,
    cacheEpoch,
  };
}

function readHeaders(headers: Fields, trail: Trail): void {
  const destination = headers.get('sec-fetch-dest');
  trail.userAgent = headers.get('user-agent');
  trail.requestContentType = headers.get('content-type');
  trail.eventId = headers.get('cf-aig-event-id') || trail.id;
  trail.collect = trail.gateway?.collectLogs ?? true;
  if (destination !== null && PAGE_DESTINATIONS.has(destination)) throw new Refusal('forbiddenFetchDest');
  if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
    throw new Refusal('requestInvalid', { message: 'WebSocket connections are not served at this address' });
  }
}

interface Parts {
  accountId: string;
  gatewayId: string;
  providerSlug: string;
  path: string;
  query: string;
}

/** Cuts `…/v1/{account}/{gateway}/{provider}/{path}?{query}`; duplicate slashes between the parts count as one. */
function split(url: string): Parts {
  const queryAt = url.indexOf('?');
  const end = queryAt < 0 ? url.length : queryAt;
  // 'http://' is 7 characters, the path begins at the first slash after the host; '/v1' is 3. Without a usable Host the
  // URL is only the path.
  let at = (url.startsWith('/') ? 0 : url.indexOf('/', 8)) + 3;
  // By `indexOf`: looking at one character after the other takes tens of microseconds on the runtime's URL strings.
  const next = (): string => {
    const from = skipSlashes(url, at);
    const slashAt = url.indexOf('/', from);
    at = slashAt < 0 || slashAt > end ? end : slashAt;
    return url.slice(from, at);
  };
  const accountId = decode(next());
  const gatewayId = decode(next());
  const providerSlug = decode(next());
  at = Math.min(skipSlashes(url, at), end);
  return { accountId, gatewayId, providerSlug, path: url.slice(at, end), query: url.slice(end) };
}

/** Where the text goes on after any slashes at `from`. */
function skipSlashes(text: string, from: number): number {
  let at = from;
  while (text.startsWith('/', at)) at += 1;
  return at;
}
