import type { GatewaySettings, RouteElement } from '@headgate/contract';
import type {
  ControlCollections,
  CustomProviderData,
  DatasetData,
  EvaluationData,
  PriceData,
  ProviderConfigData,
  RepriceData,
  RouteData,
  SecretData,
  TokenRecord,
} from '../control-ports.ts';
import { type Kind, type Surroundings, sqlCollection } from './collection.ts';

/** The kinds of entries: how each is stored. */
export const GATEWAYS: Kind<GatewaySettings> = {
  kind: 'gateway',
  secrets: {
    take(settings) {
      const secret = { stripe: settings.stripe?.authorization, otel: settings.otel?.map((one) => one.authorization) };
      const none = secret.stripe === undefined && !secret.otel?.some((one) => one !== undefined);
      return { open: withSecrets(settings, { stripe: '', otel: [] }), secret: none ? null : JSON.stringify(secret) };
    },
    put: (settings, secret) => withSecrets(settings, JSON.parse(secret) as GatewaySecrets),
  },
  onRemove: async (trx, { id: key }, at_ms) => {
    await trx.insertInto('removed_gateways').values({ key, at_ms }).execute();
  },
};

interface GatewaySecrets {
  stripe?: string;
  otel?: (string | null | undefined)[];
}

/** The settings with their secrets replaced; an exporter without a secret in the list has none. */
function withSecrets(settings: GatewaySettings, secrets: GatewaySecrets): GatewaySettings {
  const { stripe, otel } = settings;
  return {
    ...settings,
    stripe: stripe === null ? null : { ...stripe, authorization: secrets.stripe ?? '' },
    otel:
      otel?.map(({ authorization: _old, ...exporter }, index) => {
        const authorization = secrets.otel?.[index] ?? undefined;
        return authorization === undefined ? exporter : { ...exporter, authorization };
      }) ?? null,
  };
}

/** A token as stored: what the entry itself does not hold. */
export type TokenData = Pick<
  TokenRecord,
  'permissions' | 'gateways' | 'policies' | 'disabled' | 'expiresAtMs' | 'notBeforeMs'
> & {
  title: string;
  /** SHA-256 of the value, in hex. */
  hash: string;
};

export const TOKENS: Kind<TokenData> = {
  kind: 'token',
  secrets: {
    take: (data) => ({ open: { ...data, hash: '' }, secret: data.hash }),
    put: (open, hash) => ({ ...open, hash }),
  },
};

export const PROVIDER_CONFIGS: Kind<ProviderConfigData> = { kind: 'provider_config' };

export const SECRETS: Kind<SecretData> = {
  kind: 'secret',
  secrets: {
    take: (data) => ({ open: { ...data, value: '' }, secret: data.value }),
    put: (open, value) => ({ ...open, value }),
  },
};

export const CUSTOM_PROVIDERS: Kind<CustomProviderData> = {
  kind: 'custom_provider',
  secrets: {
    take: (data) => ({ open: { ...data, headers: data.headers && '' }, secret: data.headers }),
    put: (open, headers) => ({ ...open, headers }),
  },
};

export const PRICES: Kind<PriceData> = { kind: 'price' };
export const REPRICES: Kind<RepriceData> = { kind: 'reprice' };
export const ROUTES: Kind<RouteData> = { kind: 'route' };
const SECRET_STORES: Kind<Record<string, never>> = { kind: 'secret_store' };
const ROUTE_VERSIONS: Kind<{ elements: RouteElement[] }> = { kind: 'route_version' };
const ROUTE_DEPLOYMENTS: Kind<{ versionId: string }> = { kind: 'route_deployment' };
const DATASETS: Kind<DatasetData> = { kind: 'dataset' };
export const EVALUATIONS: Kind<EvaluationData> = { kind: 'evaluation' };

export function collectionsOn(around: Surroundings): ControlCollections {
  return {
    gateways: sqlCollection(GATEWAYS, around),
    providerConfigs: sqlCollection(PROVIDER_CONFIGS, around),
    secretStores: sqlCollection(SECRET_STORES, around),
    secrets: sqlCollection(SECRETS, around),
    customProviders: sqlCollection(CUSTOM_PROVIDERS, around),
    prices: sqlCollection(PRICES, around),
    reprices: sqlCollection(REPRICES, around),
    routes: sqlCollection(ROUTES, around),
    routeVersions: sqlCollection(ROUTE_VERSIONS, around),
    routeDeployments: sqlCollection(ROUTE_DEPLOYMENTS, around),
    datasets: sqlCollection(DATASETS, around),
    evaluations: sqlCollection(EVALUATIONS, around),
  };
}
