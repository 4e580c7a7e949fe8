import { Refusal } from '@headgate/contract';
import type { ControlSnapshot, GatewayPolicy, TokenIdentity } from '../../stores/ports.ts';
import type { AdmittedCall, LocatedCall } from '../call.ts';
import { findCredentials } from '../credentials.ts';
import { upstreamHeaders } from '../headers.ts';

/**
 * Lets the call in. A gateway with authentication needs one of our tokens with the run permission; without, any or no
 * token passes. The first authenticated call to `default` creates it.
 * @throws Refusal 401/2009.
 */
export async function authenticate(call: LocatedCall, control: ControlSnapshot): Promise<AdmittedCall> {
  const found = findCredentials(call.request.headers, call.query, control);
  const mayRun = found.identity !== null && allows(found.identity, call);
  let gateway: GatewayPolicy | null = call.gateway;
  if (gateway === null || gateway.authentication) {
    if (!mayRun) throw new Refusal('unauthorized');
    gateway ??= await control.ensureDefaultGateway(call.accountId);
    call.trail.gateway = gateway;
  }
  call.trail.authenticated = mayRun;
  return {
    ...call,
    gateway,
    identity: mayRun ? found.identity : null,
    query: found.query,
    headers: upstreamHeaders(call.request.headers, found.drop),
  };
}

function allows(identity: TokenIdentity, call: LocatedCall): boolean {
  return (
    identity.accountId === call.accountId &&
    (identity.permissions.has('run') || identity.permissions.has('edit')) &&
    (identity.gateways === null || identity.gateways.has(call.gatewayId))
  );
}
