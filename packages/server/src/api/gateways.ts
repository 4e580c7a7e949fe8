import {
  DEFAULT_GATEWAY_ID,
  type Gateway,
  GATEWAY_DEFAULTS,
  type GatewaySettings,
  type GatewayUpdate,
  type gatewayEndpoints,
  Refusal,
} from '@headgate/contract';
import type { Entry } from '../stores/control-ports.ts';
import type { TokenIdentity } from '../stores/ports.ts';
import type { ApiDeps, Handlers } from './endpoint-handler.ts';
import { mask } from './mask.ts';
import { invalidAt } from './read-input.ts';
import { nameSpendRules } from './spend-rules.ts';

export function gatewayHandlers(deps: ApiDeps): Handlers<typeof gatewayEndpoints> {
  const { gateways } = deps.control;
  const scope = (accountId: string) => ({ accountId, parent: '' });
  const find = async (accountId: string, id: string) => {
    const found = await gateways.find(scope(accountId), id);
    if (found === null) throw new Refusal('apiNotFound', { message: 'There is no such gateway' });
    return found;
  };
  const baseUrl = (request: Request, params: { account_id: string; gateway_id: string }) => {
    if (deps.control.snapshot.gateway(params.account_id, params.gateway_id) === null) {
      throw new Refusal('apiNotFound', { message: 'There is no such gateway' });
    }
    return `${deps.publicOrigin(request)}/v1/${params.account_id}/${params.gateway_id}/`;
  };

  return {
    'gateways.list': async ({ params, query, token }) => {
      const { page, per_page: perPage, search = '' } = query;
      const wanted = search.toLowerCase();
      const narrow = wanted !== '' || token.gateways !== null;
      const match = ({ name }: { name: string }) =>
        name.toLowerCase().includes(wanted) && (token.gateways?.has(name) ?? true);
      const found = await gateways.list(scope(params.account_id), { page, perPage, ...(narrow ? { match } : {}) });
      return { items: found.items.map((entry) => wireGateway(entry, token)), totalCount: found.totalCount };
    },
    'gateways.create': async ({ params, body, token, write }) => {
      const { id, ...given } = body;
      const data = settingsFrom(given, GATEWAY_DEFAULTS);
      return wireGateway(await gateways.create(scope(params.account_id), { name: id, data }, write), token);
    },
    'gateways.get': async ({ params, token }) => wireGateway(await find(params.account_id, params.id), token),
    'gateways.update': async ({ params, body, token, write }) => {
      const { id } = await find(params.account_id, params.id);
      const updated = await gateways.update(scope(params.account_id), id, {
        ...write,
        to: ({ data }) => ({ data: settingsFrom(body, data) }),
      });
      if (updated === null) throw new Refusal('apiNotFound', { message: 'There is no such gateway' });
      return wireGateway(updated, token);
    },
    'gateways.delete': async ({ params, token, write }) => {
      const { id } = await find(params.account_id, params.id);
      const removed = await gateways.remove(scope(params.account_id), id, write);
      if (removed === null) throw new Refusal('apiNotFound', { message: 'There is no such gateway' });
      // Its logs can be many: the answer does not wait for them.
      deps.logs.dropGateway(id).catch((error: unknown) => deps.report(error, 'deleting the logs of a gateway'));
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
    created_at: new Date(entry.createdAtMs).toISOString(),
    modified_at: new Date(entry.modifiedAtMs).toISOString(),
    ...data,
    stripe: data.stripe && { ...data.stripe, authorization: shown(data.stripe.authorization) },
    otel:
      data.otel?.map((exporter) =>
        exporter.authorization === undefined ? exporter : { ...exporter, authorization: shown(exporter.authorization) },
      ) ?? null,
  };
}
