import { PERMISSION_INCLUDES, PERMISSIONS, type PermissionName } from './endpoint.ts';
import { PERMISSION_GROUPS, type TokenPolicy } from './tokens.ts';

const ACCOUNT_KEY = /^com\.cloudflare\.api\.account\.([A-Za-z0-9_-]{1,64}|\*)$/;
const GATEWAY_KEY = /^com\.headgate\.gateway\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})$/;

/** The policy that the short form of a token stands for. */
export function policiesFor(
  permissions: readonly PermissionName[],
  gateways: readonly string[] | null,
  accountId: string,
): TokenPolicy[] {
  const keys =
    gateways === null
      ? [`com.cloudflare.api.account.${accountId}`]
      : gateways.map((id) => `com.headgate.gateway.${id}`);
  return [
    {
      effect: 'allow',
      permission_groups: PERMISSION_GROUPS.filter((group) => permissions.includes(group.permission)).map(({ id }) => ({
        id,
      })),
      resources: Object.fromEntries(keys.map((key) => [key, '*' as const])),
    },
  ];
}

/** Everything that the policies allow, with what those permissions hold, less what they deny. */
export function effectivePermissions(policies: readonly TokenPolicy[]): PermissionName[] {
  const named = (effect: TokenPolicy['effect']) =>
    policies
      .filter((policy) => policy.effect === effect)
      .flatMap((policy) => policy.permission_groups)
      .flatMap(({ id }) => PERMISSION_GROUPS.filter((group) => group.id === id).map((group) => group.permission));
  const allowed = new Set(named('allow').flatMap((permission) => PERMISSION_INCLUDES[permission]));
  const denied = new Set(named('deny'));
  return PERMISSIONS.filter((permission) => allowed.has(permission) && !denied.has(permission));
}

/**
 * The gateways that the policies cover; null for all. A token has one set of gateways, so all its policies must name the
 * same resources: otherwise the permissions of one would reach the gateways of another.
 */
export function gatewaysOf(policies: readonly TokenPolicy[], accountId: string): string[] | null | { problem: string } {
  const sets = policies.map((policy) => coverage(policy.resources, accountId));
  const problem = sets.find((set) => set !== null && 'problem' in set);
  if (problem !== undefined) return problem;
  const texts = new Set(sets.map((set) => JSON.stringify(set)));
  if (texts.size > 1) return { problem: 'All policies of a token must cover the same resources' };
  return sets[0] ?? null;
}

function coverage(resources: TokenPolicy['resources'], accountId: string): string[] | null | { problem: string } {
  const gateways = new Set<string>();
  let wholeAccount = Object.keys(resources).length === 0;
  for (const [key, value] of Object.entries(resources)) {
    const account = ACCOUNT_KEY.exec(key)?.[1];
    const inner = typeof value === 'string' ? (account === undefined ? [key] : null) : Object.keys(value);
    if (account !== undefined && account !== accountId && account !== '*') {
      return { problem: `${key} is another account` };
    }
    if (account === undefined && typeof value !== 'string') return { problem: `${key} is not a known resource` };
    if (inner === null || (inner.length === 1 && inner[0] === '*')) wholeAccount = true;
    for (const name of inner ?? []) {
      const gateway = GATEWAY_KEY.exec(name)?.[1];
      if (gateway !== undefined) gateways.add(gateway);
      else if (name !== '*') return { problem: `${name} is not a known resource` };
    }
  }
  if (wholeAccount && gateways.size > 0) return { problem: 'Name the account or gateways, not both' };
  return wholeAccount ? null : [...gateways].sort();
}
