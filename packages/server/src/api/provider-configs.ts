import { type ProviderConfig, type providerConfigEndpoints, Refusal } from '@headgate/contract';
import { Secret, isoTime } from '../lib/index.ts';
import { CredentialError, checkCredential, findProvider } from '../providers/index.ts';
import type { ControlCollections, Entry, ProviderConfigData, Write } from '../stores/control-ports.ts';
import { type ApiDeps, type Call, type Handlers, versioned } from './endpoint-handler.ts';
import { accountScope, below, found, type GatewayPath, gatewayOf, notFound, paged } from './find.ts';
import { mask } from './mask.ts';
import { invalidAt } from './read-input.ts';

type Endpoints = typeof providerConfigEndpoints;
type UpdateCall = Call<Endpoints['providerConfigs.update']>;

export function providerConfigHandlers({ control }: ApiDeps): Handlers<Endpoints> {
  const wire = async (entry: Entry<ProviderConfigData>, gatewayId: string): Promise<ProviderConfig> => {
    const { data } = entry;
    const secret = await control.secrets.get({ accountId: entry.accountId, parent: data.storeId }, data.secretId);
    return {
      id: entry.id,
      alias: data.alias,
      default_config: data.isDefault,
      gateway_id: gatewayId,
      provider_slug: data.providerSlug,
      secret_id: data.secretId,
      secret_preview: secret === null ? '' : mask(secret.data.value),
      rate_limit: data.rateLimit,
      rate_limit_period: data.rateLimitSeconds,
      weight: data.weight ?? null,
      created_at: isoTime(entry.createdAtMs),
      modified_at: isoTime(entry.modifiedAtMs),
    };
  };

  const update = async ({ params, body, write, token }: UpdateCall) => {
    const scope = below(control, params);
    const changed = await control.atomically(async (stores) => {
      const before = await found(stores.providerConfigs.get(scope, params.id), 'provider config');
      const next: ProviderConfigData = {
        ...before.data,
        alias: body.alias ?? before.data.alias,
        providerSlug: body.provider_slug ?? before.data.providerSlug,
        isDefault: body.default_config ?? before.data.isDefault,
        rateLimit: body.rate_limit === undefined ? before.data.rateLimit : body.rate_limit,
        rateLimitSeconds: body.rate_limit_period === undefined ? before.data.rateLimitSeconds : body.rate_limit_period,
        weight: body.weight === undefined ? (before.data.weight ?? null) : body.weight,
      };
      const given = { secret: body.secret, secretId: body.secret_id };
      if (given.secret !== undefined) refuseMalformed(next.providerSlug, given.secret);
      const place = { params, slug: next.providerSlug, alias: next.alias };
      const own = { accountId: scope.accountId, parent: before.data.storeId };
      if (given.secret !== undefined && before.data.ownsSecret) {
        const value = given.secret;
        const to = (secret: { data: object }) => ({ data: { ...secret.data, value } as never });
        const kept = await stores.secrets.update(own, before.data.secretId, { actor: write.actor, to });
        // Deleted in the meantime: a new one takes its place.
        if (kept === null) Object.assign(next, await newSecret(stores, { ...place, value }, write));
      } else if (given.secret !== undefined) {
        Object.assign(next, await newSecret(stores, { ...place, value: given.secret }, write));
      } else if (given.secretId !== undefined) {
        refuseRestricted(token.gateways);
        Object.assign(next, await existingSecret(stores, params.account_id, given.secretId));
        if (before.data.ownsSecret && next.secretId !== before.data.secretId) {
          await stores.secrets.remove(own, before.data.secretId, { actor: write.actor });
        }
      }
      return stores.providerConfigs.update(scope, params.id, { ...write, to: () => ({ data: next }) });
    });
    if (changed === null) throw notFound('provider config');
    return versioned(await wire(changed, params.gateway_id), changed);
  };

  /** Stores a key in the gateway's store, else in the account's oldest, else in a new one. */
  const newSecret = async (
    stores: ControlCollections,
    { params, slug, alias, value }: { params: GatewayPath; slug: string; alias: string; value: string },
    { actor }: Write,
  ): Promise<Pick<ProviderConfigData, 'storeId' | 'secretId' | 'ownsSecret'>> => {
    refuseMalformed(slug, value);
    const account = accountScope(params.account_id);
    const gateway = await found(stores.gateways.find(account, params.gateway_id), 'gateway');
    const wanted = gateway.data.store_id;
    const { items: all } = await stores.secretStores.list(account, { page: 1, perPage: Number.MAX_SAFE_INTEGER });
    const store =
      all.find(({ id }) => id === wanted) ??
      all[0] ??
      (await stores.secretStores.create(account, { name: 'default', data: {} }, { actor }));
    const scope = { accountId: params.account_id, parent: store.id };
    const base = `${params.gateway_id}_${slug}_${alias}`;
    let name = base;
    // Keys of a pool share provider and alias.
    for (let n = 2; (await stores.secrets.find(scope, name)) !== null; n++) name = `${base}_${n}`;
    const data = { comment: '', scopes: ['ai_gateway' as const], value };
    const { id: secretId } = await stores.secrets.create(scope, { name, data }, { actor });
    return { storeId: store.id, secretId, ownsSecret: true };
  };

  return {
    'providerConfigs.list': async ({ params, query }) => {
      const { items, totalCount } = await control.providerConfigs.list(below(control, params), paged(query));
      return { items: await Promise.all(items.map((entry) => wire(entry, params.gateway_id))), totalCount };
    },
    'providerConfigs.create': async ({ params, body, write, token }) => {
      const scope = below(control, params);
      const made = await control.atomically(async (stores) => {
        if (body.secret === undefined) refuseRestricted(token.gateways);
        const secret =
          body.secret === undefined
            ? await existingSecret(stores, params.account_id, body.secret_id ?? '')
            : await newSecret(
                stores,
                { params, slug: body.provider_slug, alias: body.alias, value: body.secret },
                write,
              );
        const data: ProviderConfigData = {
          alias: body.alias,
          providerSlug: body.provider_slug,
          isDefault: body.default_config,
          rateLimit: body.rate_limit ?? null,
          rateLimitSeconds: body.rate_limit_period ?? null,
          weight: body.weight ?? null,
          ...secret,
        };
        return stores.providerConfigs.create(scope, { data }, write);
      });
      return versioned(await wire(made, params.gateway_id), made);
    },
    'providerConfigs.get': async ({ params }) => {
      const entry = await found(control.providerConfigs.get(below(control, params), params.id), 'provider config');
      return versioned(await wire(entry, params.gateway_id), entry);
    },
    'providerConfigs.update': update,
    'providerConfigs.edit': update,
    'providerConfigs.delete': async ({ params, write }) => {
      const scope = below(control, params);
      const entry = await found(control.providerConfigs.get(scope, params.id), 'provider config');
      const shown = await wire(entry, gatewayOf(control, params).id);
      await control.atomically(async (stores) => {
        await found(stores.providerConfigs.remove(scope, params.id, write), 'provider config');
        if (!entry.data.ownsSecret) return;
        const place = { accountId: scope.accountId, parent: entry.data.storeId };
        await stores.secrets.remove(place, entry.data.secretId, { actor: write.actor });
      });
      return shown;
    },
  };
}

async function existingSecret(
  stores: ControlCollections,
  accountId: string,
  secretId: string,
): Promise<Pick<ProviderConfigData, 'storeId' | 'secretId' | 'ownsSecret'>> {
  const all = await stores.secretStores.list(accountScope(accountId), { page: 1, perPage: Number.MAX_SAFE_INTEGER });
  for (const { id: storeId } of all.items) {
    const secret = await stores.secrets.get({ accountId, parent: storeId }, secretId);
    if (secret !== null) return { storeId, secretId, ownsSecret: false };
  }
  throw invalidAt(['body', 'secret_id'], 'There is no such secret');
}

/** Secrets belong to the account: a token for some gateways must not bring another one's key into its own. */
function refuseRestricted(gateways: ReadonlySet<string> | null): void {
  if (gateways === null) return;
  throw new Refusal('apiForbidden', { message: 'A token restricted to gateways can only store keys of its own' });
}

/** A key in a shape that its provider cannot use is refused now rather than at the first call. */
function refuseMalformed(providerSlug: string, value: string): void {
  const row = findProvider(providerSlug);
  if (row === null) return;
  try {
    checkCredential(row, new Secret(value));
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw invalidAt(['body', 'secret'], error.message);
  }
}
