import type { GatewaySettings } from '@headgate/contract';
import type { TokenRecord } from '../control-ports.ts';
import type { Kind } from './collection.ts';

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
