import { Refusal } from '@headgate/contract';
import type { GatewayPolicy, TokenIdentity } from '../../stores/snapshot-ports.ts';
import type { AdmittedCall, LocatedCall, Trail } from '../call.ts';
import { findCredentials, type FoundCredentials } from '../credentials.ts';
import { upstreamHeaders } from '../headers.ts';
import { type CallOptions, readOptions } from '../options.ts';
import type { LocateDeps } from './locate.ts';

/**
 * Lets the call in. A gateway with authentication needs one of our tokens with the run permission; without, any or no
 * token passes. The first authenticated call to `default` creates it.
 * @throws Refusal 401/2009; 400/2004 naming a `cf-aig-*` header that cannot be used.
 */
export function authenticate(call: LocatedCall, deps: LocateDeps): AdmittedCall | Promise<AdmittedCall> {
  const found = findCredentials(call.sent.record, call.query, deps);
  const mayRun = found.identity !== null && allows(found.identity, call);
  if (!mayRun && (call.gateway?.authentication ?? true)) throw new Refusal('unauthorized');
  const admit = (gateway: GatewayPolicy) => admitted(call, gateway, { found, mayRun });
  return call.gateway === null ? deps.control.ensureDefaultGateway(call.accountId).then(admit) : admit(call.gateway);
}

interface Admission {
  found: FoundCredentials;
  mayRun: boolean;
}

function admitted(call: LocatedCall, gateway: GatewayPolicy, { found, mayRun }: Admission): AdmittedCall {
  call.trail.gateway = gateway;
  call.trail.authenticated = mayRun && gateway.authentication;
  const options = readOptions(call.sent, gateway);
  applyOptions(call.trail, options);
  return {
    ...call,
    gateway,
    options,
    identity: mayRun ? found.identity : null,
    query: found.query,
    headers: upstreamHeaders(call.sent.record, found.drop),
  };
}

function allows(identity: TokenIdentity, call: LocatedCall): boolean {
  return (
    identity.accountId === call.accountId &&
    (identity.permissions.has('run') || identity.permissions.has('edit')) &&
    (identity.gateways === null || identity.gateways.has(call.gatewayId))
  );
}

/** What a row tells and keeps follows the options of its step. */
export function applyOptions(trail: Trail, options: CallOptions): void {
  if (options.eventId !== null) trail.eventId = options.eventId;
  trail.collect = options.collect;
  trail.collectPayload = options.collectPayload;
  trail.metadata = options.metadata;
  trail.customCost = options.customCost;
}
