import {
  effectivePermissions,
  gatewaysOf,
  PERMISSION_GROUPS,
  policiesFor,
  Refusal,
  type Token,
  type TokenGrants,
  type tokenEndpoints,
} from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { NewToken, TokenRecord } from '../stores/control-ports.ts';
import type { TokenIdentity } from '../stores/snapshot-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { found, notFound, pageOf } from './find.ts';
import { invalidAt } from './read-input.ts';

export function tokenHandlers({ control, clock }: ApiDeps): Handlers<typeof tokenEndpoints> {
  const { tokens } = control;
  const wire = (record: TokenRecord) => wireToken(record, clock.nowMs());
  const verify = async ({ token }: { token: TokenIdentity }) => {
    const record = await tokens.get(token.accountId, token.id);
    if (record === null) throw new Refusal('apiUnauthorized');
    const { id, status, expires_on, not_before } = wire(record);
    return { id, status, ...(expires_on && { expires_on }), ...(not_before && { not_before }) };
  };

  return {
    'tokens.list': async ({ params, query }) => {
      const all = (await tokens.all(params.account_id)).map(wire);
      const shown = all.filter((token) => query.include_expired || token.status !== 'expired');
      if (query.direction === 'desc') shown.reverse();
      return pageOf(shown, query);
    },
    'tokens.create': async ({ params, body, write }) => {
      const grants = resolveGrants(body, params.account_id);
      const { token, value } = await tokens.create(
        params.account_id,
        { name: body.name, ...grants, ...times(body) },
        write,
      );
      return { ...wire(token), value };
    },
    'tokens.get': async ({ params }) => {
      const record = await found(tokens.get(params.account_id, params.id), 'token');
      return versioned(wire(record), record);
    },
    'tokens.update': async ({ params, body, write }) => {
      const changed = tokens.update(params.account_id, params.id, {
        name: body.name,
        ...resolveGrants(body, params.account_id),
        ...times(body),
        ...(body.status === undefined ? {} : { disabled: body.status === 'disabled' }),
        write,
      });
      const record = await found(changed, 'token');
      return versioned(wire(record), record);
    },
    'tokens.delete': async ({ params, write }) => {
      if (!(await tokens.delete(params.account_id, params.id, write))) throw notFound('token');
      return { id: params.id };
    },
    'tokens.roll': ({ params, write }) => found(tokens.roll(params.account_id, params.id, write), 'token'),
    'tokens.verify': verify,
    'tokens.verifyUser': verify,
    'tokens.permissionGroups': ({ query }) => {
      const scope = 'com.cloudflare.api.account' as const;
      const groups = PERMISSION_GROUPS.filter(
        ({ name }) => (query.name ?? name) === name && (query.scope ?? scope) === scope,
      ).map(({ id, name }) => ({
        id,
        name,
        category: 'ai_and_machine_learning' as const,
        is_selectable: true,
        scopes: [scope],
      }));
      return pageOf(groups, query);
    },
  };
}

type Resolved = Required<Pick<NewToken, 'permissions' | 'gateways' | 'policies'>>;

function resolveGrants(body: Omit<TokenGrants, 'name'>, accountId: string): Resolved {
  const policies = body.policies ?? policiesFor(body.permissions ?? [], body.gateways ?? null, accountId);
  const gateways = gatewaysOf(policies, accountId);
  if (gateways !== null && 'problem' in gateways) throw invalidAt(['body', 'policies'], gateways.problem);
  return { policies, permissions: effectivePermissions(policies), gateways };
}

/** The bounds that the body names. */
function times(body: Pick<TokenGrants, 'expires_on' | 'not_before'>): Pick<NewToken, 'expiresAtMs' | 'notBeforeMs'> {
  const parse = (text: string | null) => (text === null ? null : Date.parse(text));
  return {
    ...(body.expires_on === undefined ? {} : { expiresAtMs: parse(body.expires_on) }),
    ...(body.not_before === undefined ? {} : { notBeforeMs: parse(body.not_before) }),
  };
}

function wireToken(record: TokenRecord, nowMs: number): Token {
  const time = (ms: number | null) => (ms === null ? null : isoTime(ms));
  const expired = record.expiresAtMs !== null && nowMs >= record.expiresAtMs;
  return {
    id: record.id,
    name: record.name,
    status: expired ? 'expired' : record.disabled ? 'disabled' : 'active',
    issued_on: isoTime(record.createdAtMs),
    modified_on: isoTime(record.modifiedAtMs),
    expires_on: time(record.expiresAtMs),
    not_before: time(record.notBeforeMs),
    policies: record.policies.map(({ effect, permission_groups, resources }, index) => ({
      id: `${record.id}-${index + 1}`,
      effect,
      permission_groups: PERMISSION_GROUPS.filter((group) => permission_groups.some(({ id }) => id === group.id)).map(
        ({ id, name }) => ({ id, name }),
      ),
      resources,
    })),
    permissions: record.permissions,
    gateways: record.gateways,
  };
}
