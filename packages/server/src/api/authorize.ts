import { type Endpoint, gatewayParam, Refusal } from '@headgate/contract';
import type { ControlSnapshot, TokenIdentity } from '../stores/snapshot-ports.ts';

/**
 * Finds who calls: `Authorization: Bearer`, or `X-Auth-Email` with `X-Auth-Key`, whose key is a token here.
 * @throws Refusal `apiUnauthorized` when there is no live token.
 */
export function authenticate(headers: Headers, tokens: Pick<ControlSnapshot, 'token'>): TokenIdentity {
  const value = credential(headers);
  const token = value === null ? null : tokens.token(value);
  if (token === null) throw new Refusal('apiUnauthorized', { headers: { 'www-authenticate': 'Bearer' } });
  return token;
}

function credential(headers: Headers): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const email = headers.get('x-auth-email')?.trim() ?? '';
  const key = headers.get('x-auth-key')?.trim() ?? '';
  return email === '' || key === '' ? null : key;
}

/**
 * Lets a call pass when the token has the endpoint's permission, on this account and this gateway.
 * @throws Refusal `apiForbidden`.
 */
export function authorize(endpoint: Endpoint, params: Record<string, string>, token: TokenIdentity): void {
  if (endpoint.permission !== 'any' && !token.permissions.has(endpoint.permission)) throw new Refusal('apiForbidden');
  // Said the same way whether or not the other account exists.
  if ('account_id' in params && params.account_id !== token.accountId) {
    throw new Refusal('apiForbidden', { message: 'The token is not for this account' });
  }
  if (token.gateways === null) return;
  const name = gatewayParam(endpoint.path);
  const gateway = name === null ? undefined : params[name];
  if (gateway === undefined ? endpoint.openToRestricted !== true : !token.gateways.has(gateway)) {
    throw new Refusal('apiForbidden', { message: 'The token is restricted to other gateways' });
  }
}
