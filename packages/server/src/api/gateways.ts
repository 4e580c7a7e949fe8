import {
  DEFAULT_GATEWAY_ID,
  type Gateway,
  GATEWAY_DEFAULTS,
  type GatewaySettings,
  type GatewayUpdate,
  type gatewayEndpoints,
} from '@headgate/contract';
import { isoTime } from '../lib/index.ts';
import type { Actor, ControlCollections, Entry, Scope } from '../stores/control-ports.ts';
import type { TokenIdentity } from '../stores/snapshot-ports.ts';
import { type ApiDeps, type Handlers, versioned } from './endpoint-handler.ts';
import { accountScope, found, gatewayOf, paged } from './find.ts';
import { mask } from './mask.ts';
import { invalidAt } from './read-input.ts';
import { nameSpendRules } from './spend-rules.ts';

export function gatewayHandlers(deps: ApiDeps): Handlers<typeof gatewayEndpoints> {
  const { control, cache } = deps;
  const { gateways } = control;
  const find = (accountId: string, id: string) => found(gateways.find(accountScope(accountId), id), 'gateway');
  const baseUrl = (request: Request, params: { account_id: string; gateway_id: string }) =>
    `${deps.publicOrigin(request)}/v1/${params.account_id}/${gatewayOf(control, params).id}/`;

  return {
    'gateways.list': async ({ params, query, token }) => {
      const wanted = query.search?.toLowerCase() ?? '';
      const narrow = wanted !== '' || token.gateways !== null;
      const match = ({ name }: { name: string }) =>
        name.toLowerCase().includes(wanted) && (token.gateways?.has(name) ?? true);
      const { items, totalCount } = await gateways.list(accountScope(params.account_id), {
        ...paged(query),
        ...(narrow ? { match } : {}),
      });
      return { items: items.map((entry) => wireGateway(entry, token)), totalCount };
    },
    'gateways.create': async ({ params, body, token, write }) => {
      const { id, ...given } = body;
      const data = settingsFrom(given, GATEWAY_DEFAULTS);
      const made = await gateways.create(accountScope(params.account_id), { name: id, data }, write);
      return versioned(wireGateway(made, token), made);
    },
    'gateways.get': async ({ params, token }) => {
      const entry = await find(params.account_id, params.id);
      return versioned(wireGateway(entry, token), entry);
    },
    'gateways.update': async ({ params, body, token, write }) => {
      const { id } = await find(params.account_id, params.id);
      const to = ({ data }: Entry<GatewaySettings>) => ({ data: settingsFrom(body, data) });
      const changed = gateways.update(accountScope(params.account_id), id, { ...write, to });
      const entry = await found(changed, 'gateway');
      // A failure is the caller's to know: the same update again makes up for it.
      if (entry.data.cache_invalidate_on_update) await cache.purge({ gatewayKey: id });
      return versioned(wireGateway(entry, token), entry);
    },
    'gateways.delete': async ({ params, token, write }) => {
      const { id } = await find(params.account_id, params.id);
      const removed = await control.atomically(async (stores) => {
        await removeOwnSecrets(stores, { accountId: params.account_id, parent: id }, write.actor);
        return found(stores.gateways.remove(accountScope(params.account_id), id, write), 'gateway');
      });
      // Nobody can reach them any more, and logs can be many: the answer does not wait.
      void dropRemovedLogs(deps);
      void cache
        .purge({ gatewayKey: id })
        .catch((error) => deps.report(error, 'emptying the cache of a removed gateway'));
      return wireGateway(removed, token);
    },
    'urls.base': ({ params, request }) => baseUrl(request, params),
    'urls.get': ({ params, request }) => {
      const base = baseUrl(request, params);
      if (params.provider === 'universal') return base;
      if (!/^[A-Za-z0-9._-]+$/.test(params.provider)) {
        throw invalidAt(['path', 'provider'], 'A provider is letters, digits, dots, - and _');
      }
      return base + params.provider;
    },
  };
}

/** Deletes the logs of gateways that are gone; also what an earlier process left undone. Never rejects. */
export async function dropRemovedLogs({ control, logs, report }: ApiDeps): Promise<void> {
  try {
    for (const key of await control.removedGateways()) {
      await logs.dropGateway(key);
      await control.forgetGateway(key);
    }
  } catch (error) {
    report(error, 'deleting the logs of removed gateways');
  }
}

/** The provider keys that were stored with the gateway's own configs go with it. */
async function removeOwnSecrets(stores: ControlCollections, gateway: Scope, actor: Actor): Promise<void> {
  const configs = await stores.providerConfigs.list(gateway, { page: 1, perPage: Number.MAX_SAFE_INTEGER });
  for (const { data } of configs.items) {
    const store = { accountId: gateway.accountId, parent: data.storeId };
    if (data.ownsSecret) await stores.secrets.remove(store, data.secretId, { actor });
  }
}

/** An optional setting left out keeps its value in `before`; null gives its default. */
function settingsFrom(given: GatewayUpdate, before: typeof GATEWAY_DEFAULTS): GatewaySettings {
  const settings: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const isReset = value === null && name in GATEWAY_DEFAULTS;
    settings[name] = isReset ? GATEWAY_DEFAULTS[name as keyof typeof GATEWAY_DEFAULTS] : value;
  }
  const complete = settings as GatewaySettings;
  return { ...complete, spend_limits: complete.spend_limits && nameSpendRules(complete.spend_limits) };
}

/** Secrets in settings are shown to tokens that could change them, and masked to all others. */
function wireGateway(entry: Entry<GatewaySettings>, token: TokenIdentity): Gateway {
  const { accountId, name: id, data } = entry;
  const clear = token.permissions.has('edit');
  const shown = (secret: string) => (clear ? secret : mask(secret));
  return {
    id,
    account_id: accountId,
    account_tag: accountId,
    internal_id: entry.id,
    is_default: id === DEFAULT_GATEWAY_ID,
    created_at: isoTime(entry.createdAtMs),
    modified_at: isoTime(entry.modifiedAtMs),
    // One that was stored before a setting existed has its default.
    ...GATEWAY_DEFAULTS,
    ...data,
    stripe: data.stripe && { ...data.stripe, authorization: shown(data.stripe.authorization) },
    otel:
      data.otel?.map((exporter) =>
        exporter.authorization === undefined ? exporter : { ...exporter, authorization: shown(exporter.authorization) },
      ) ?? null,
  };
}
