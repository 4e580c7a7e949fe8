import type { GatewaySettings } from '@headgate/contract';
import { type Clock, hashToken, Secret } from '../../lib/index.ts';
import type {
  CustomProviderData,
  Entry,
  PriceData,
  ProviderConfigData,
  RouteData,
  SecretData,
} from '../control-ports.ts';
import type {
  ConfigSnapshot,
  GatewayPolicy,
  LiveCustomProvider,
  LivePrice,
  LiveRoute,
  ProviderKey,
  TokenIdentity,
} from '../snapshot-ports.ts';
import { type Change, decodeEntry, type Kind } from './collection.ts';
import {
  CUSTOM_PROVIDERS,
  GATEWAYS,
  PRICES,
  PROVIDER_CONFIGS,
  ROUTES,
  SECRETS,
  TOKENS,
  type TokenData,
} from './kinds.ts';
import type { EntryRow } from './tables.ts';
import type { Vault } from './vault.ts';

/** The kinds that the data plane looks up. */
export const LIVE_KINDS = [GATEWAYS, TOKENS, PROVIDER_CONFIGS, SECRETS, CUSTOM_PROVIDERS, ROUTES, PRICES].map(
  ({ kind }) => kind,
);

interface LiveToken extends TokenIdentity {
  readonly disabled: boolean;
  readonly expiresAtMs: number | null;
  readonly notBeforeMs: number | null;
}

/** What the data plane looks up, in memory. Filled at open, changed after every commit. */
export class SnapshotIndex implements Omit<ConfigSnapshot, 'ensureDefaultGateway'> {
  readonly accounts = new Set<string>();
  readonly #gateways = new Map<string, GatewayPolicy>();
  readonly #tokens = new Map<string, LiveToken>();
  /** By gateway key and provider; each list in order of creation. */
  readonly #configs = new Map<string, Entry<ProviderConfigData>[]>();
  readonly #secrets = new Map<string, Secret>();
  readonly #customProviders = new Map<string, LiveCustomProvider>();
  readonly #routes = new Map<string, LiveRoute>();
  /** By account; an array is never changed, but replaced. */
  readonly #prices = new Map<string, readonly (LivePrice & { readonly id: string })[]>();
  readonly #apply: Record<string, (before: EntryRow | null, after: EntryRow | null) => void>;

  constructor(
    private readonly clock: Clock,
    vault: Vault,
  ) {
    const decoded =
      <Data>(spec: Kind<Data>, apply: (before: Entry<Data> | null, after: Entry<Data> | null) => void) =>
      (before: EntryRow | null, after: EntryRow | null) =>
        apply(before && decodeEntry(spec, before, vault), after && decodeEntry(spec, after, vault));
    this.#apply = {
      [GATEWAYS.kind]: decoded(GATEWAYS, (before, after) => this.#gatewayChanged(before, after)),
      [TOKENS.kind]: decoded(TOKENS, (before, after) => this.#tokenChanged(before, after)),
      [PROVIDER_CONFIGS.kind]: decoded(PROVIDER_CONFIGS, (before, after) => this.#configChanged(before, after)),
      [SECRETS.kind]: decoded(SECRETS, (before, after) => this.#secretChanged(before, after)),
      [CUSTOM_PROVIDERS.kind]: decoded(CUSTOM_PROVIDERS, (before, after) => this.#customChanged(before, after)),
      [PRICES.kind]: decoded(PRICES, (before, after) => this.#priceChanged(before, after)),
      [ROUTES.kind]: decoded(ROUTES, (before, after) => this.#routeChanged(before, after)),
    };
  }

  clear(): void {
    this.accounts.clear();
    for (const map of [
      this.#gateways,
      this.#tokens,
      this.#configs,
      this.#secrets,
      this.#customProviders,
      this.#routes,
      this.#prices,
    ]) {
      map.clear();
    }
  }

  changed({ kind, before, after }: Change): void {
    this.#apply[kind]?.(before, after);
  }

  hasAccount(accountId: string): boolean {
    return this.accounts.has(accountId);
  }

  gateway(accountId: string, gatewayId: string): GatewayPolicy | null {
    return this.#gateways.get(under(accountId, gatewayId)) ?? null;
  }

  token(value: string): TokenIdentity | null {
    const token = this.#tokens.get(hashToken(value));
    if (token === undefined || token.disabled) return null;
    const nowMs = this.clock.nowMs();
    if (token.expiresAtMs !== null && nowMs >= token.expiresAtMs) return null;
    return token.notBeforeMs !== null && nowMs < token.notBeforeMs ? null : token;
  }

  providerKeys(gatewayKey: string, providerSlug: string): readonly ProviderKey[] {
    const configs = this.#configs.get(under(gatewayKey, providerSlug)) ?? [];
    return configs.map(({ id, data }) => ({
      id,
      alias: data.alias,
      isDefault: data.isDefault,
      secret: this.#secrets.get(data.secretId) ?? null,
      rateLimit: data.rateLimit,
      rateLimitSeconds: data.rateLimitSeconds ?? 60,
      weight: data.weight ?? 1,
    }));
  }

  customProvider(accountId: string, slug: string): LiveCustomProvider | null {
    return this.#customProviders.get(under(accountId, slug)) ?? null;
  }

  route(gatewayKey: string, name: string): LiveRoute | null {
    return this.#routes.get(under(gatewayKey, name)) ?? null;
  }

  prices(accountId: string): readonly LivePrice[] {
    return this.#prices.get(accountId) ?? NO_PRICES;
  }

  #gatewayChanged(before: Entry<GatewaySettings> | null, after: Entry<GatewaySettings> | null): void {
    if (before !== null) this.#gateways.delete(under(before.accountId, before.name));
    if (after !== null) this.#gateways.set(under(after.accountId, after.name), compile(after));
  }

  #tokenChanged(before: Entry<TokenData> | null, after: Entry<TokenData> | null): void {
    if (before !== null) this.#tokens.delete(before.data.hash);
    if (after === null) return;
    const { title, hash, permissions, gateways, disabled, expiresAtMs, notBeforeMs } = after.data;
    this.#tokens.set(hash, {
      id: after.id,
      name: title,
      accountId: after.accountId,
      permissions: new Set(permissions),
      gateways: gateways === null ? null : new Set(gateways),
      disabled,
      expiresAtMs,
      notBeforeMs,
    });
  }

  #configChanged(before: Entry<ProviderConfigData> | null, after: Entry<ProviderConfigData> | null): void {
    if (before !== null) {
      const place = under(before.parent, before.data.providerSlug);
      const rest = (this.#configs.get(place) ?? []).filter(({ id }) => id !== before.id);
      if (rest.length > 0) this.#configs.set(place, rest);
      else this.#configs.delete(place);
    }
    if (after === null) return;
    const place = under(after.parent, after.data.providerSlug);
    const all = [...(this.#configs.get(place) ?? []), after];
    this.#configs.set(
      place,
      all.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)),
    );
  }

  #secretChanged(before: Entry<SecretData> | null, after: Entry<SecretData> | null): void {
    if (before !== null) this.#secrets.delete(before.id);
    if (after !== null) this.#secrets.set(after.id, new Secret(after.data.value));
  }

  #customChanged(before: Entry<CustomProviderData> | null, after: Entry<CustomProviderData> | null): void {
    if (before !== null) this.#customProviders.delete(under(before.accountId, before.name));
    if (after === null || !after.data.enable) return;
    const { baseUrl, headers } = after.data;
    this.#customProviders.set(under(after.accountId, after.name), {
      id: after.id,
      slug: after.name,
      baseUrl,
      headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
    });
  }

  #priceChanged(before: Entry<PriceData> | null, after: Entry<PriceData> | null): void {
    const account = (after ?? before)?.accountId ?? '';
    const rest = (this.#prices.get(account) ?? []).filter(({ id }) => id !== before?.id);
    const all = after === null ? rest : [...rest, { id: after.id, version: after.version, ...after.data }];
    if (all.length > 0) this.#prices.set(account, all);
    else this.#prices.delete(account);
  }

  #routeChanged(before: Entry<RouteData> | null, after: Entry<RouteData> | null): void {
    if (before !== null) this.#routes.delete(under(before.parent, before.name));
    if (after === null) return;
    const { id, name, data } = after;
    this.#routes.set(under(after.parent, name), { id, name, versionId: data.version.id, elements: data.elements });
  }
}

const NO_PRICES: readonly LivePrice[] = [];

/** Account ids and gateway keys hold no slash. */
function under(parent: string, name: string): string {
  return `${parent}/${name}`;
}

/** Before a retry, where neither the gateway nor the call names a delay. */
const DEFAULT_RETRY_DELAY_MS = 500;

/** Null or 0 in either field: off. */
function rateLimitOf(data: GatewaySettings): GatewayPolicy['rateLimit'] {
  const { rate_limiting_limit: limit, rate_limiting_interval: intervalS, rate_limiting_technique: technique } = data;
  if (!limit || !intervalS) return null;
  return { limit, intervalMs: intervalS * 1000, technique: technique ?? 'fixed' };
}

/** The settings in the form that the data plane works with. */
function compile({ id: key, accountId, name: id, data }: Entry<GatewaySettings>): GatewayPolicy {
  const { log_management: limit, log_management_strategy: strategy } = data;
  return {
    accountId,
    id,
    key,
    authentication: data.authentication,
    collectLogs: data.collect_logs,
    retention: limit === null ? null : { limit, strategy: strategy ?? 'STOP_INSERTING' },
    retry: {
      retries: data.retry_max_attempts ?? 0,
      delayMs: data.retry_delay ?? DEFAULT_RETRY_DELAY_MS,
      backoff: data.retry_backoff ?? 'exponential',
    },
    ownKeysOnly: data.byok_only,
    cacheTtlS: data.cache_ttl ?? 0,
    zeroRetention: data.zdr,
    asksUsage: data.stream_usage === 'inject',
    rateLimit: rateLimitOf(data),
    spendLimits: data.spend_limits?.enabled === true ? data.spend_limits : null,
  };
}
