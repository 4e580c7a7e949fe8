/** The port of the configuration as the data plane sees it: compiled, and read without waiting. */
import type { GatewaySettings, RouteElement } from '@headgate/contract';
import type { Secret } from '../lib/index.ts';
import type { LogRetention } from './log-ports.ts';

/** The settings of one gateway, compiled for the hot path. Immutable: a change makes a new object. */
export interface GatewayPolicy {
  readonly accountId: string;
  readonly id: string;
  /** Internal id, the log store's `gatewayKey`. */
  readonly key: string;
  readonly authentication: boolean;
  readonly collectLogs: boolean;
  readonly retention: LogRetention | null;
  readonly retry: RetryPolicy;
  /** Stored and client keys only: the operator's own may not be used. */
  readonly ownKeysOnly: boolean;
  /** Calls that may reach providers per interval; null: no limit. */
  readonly rateLimit: {
    readonly limit: number;
    readonly intervalMs: number;
    readonly technique: 'fixed' | 'sliding';
  } | null;
  /** As in the settings; null: none are set. Immutable. */
  readonly spendLimits: GatewaySettings['spend_limits'];
  /** Lifetime of cached answers in seconds; 0: no caching unless a call brings its own key. */
  readonly cacheTtlS: number;
  /** OpenAI-style streams are asked for their usage where the client did not ask, and it is kept from the client. */
  readonly asksUsage: boolean;
  /** Providers are asked not to keep requests and answers, where they have a switch for it. */
  readonly zeroRetention: boolean;
}

/** Retries of one upstream request. */
export interface RetryPolicy {
  /** After the first try. */
  readonly retries: number;
  readonly delayMs: number;
  readonly backoff: 'constant' | 'linear' | 'exponential';
}

export type Permission = 'read' | 'edit' | 'run' | 'metadata-read';

export interface TokenIdentity {
  readonly id: string;
  readonly name: string;
  readonly accountId: string;
  readonly permissions: ReadonlySet<Permission>;
  /** Gateway ids it is restricted to; null: all. */
  readonly gateways: ReadonlySet<string> | null;
}

/** In-memory snapshot: every lookup is synchronous, a change is in force for the next call. */
export interface ControlSnapshot {
  hasAccount(accountId: string): boolean;
  gateway(accountId: string, gatewayId: string): GatewayPolicy | null;
  /** The live, unexpired token with this value, or null. Looks up by hash. */
  token(value: string): TokenIdentity | null;
  /** Creates the gateway `default` of the account when it is missing. Returns its policy. */
  ensureDefaultGateway(accountId: string): Promise<GatewayPolicy>;
}

/** A stored key of a provider. Several with one alias form a pool, tried in the order given. */
export interface ProviderKey {
  readonly id: string;
  readonly alias: string;
  /** Used when the call names no alias. */
  readonly isDefault: boolean;
  /** The key, or the JSON text of a credential object; null when its secret was deleted: the key can't be used then. */
  readonly secret: Secret | null;
  /** Calls allowed per `rateLimitSeconds`; null: no bound. */
  readonly rateLimit: number | null;
  readonly rateLimitSeconds: number;
  /** Share of the calls beside other keys of the alias. */
  readonly weight: number;
}

/** An enabled provider that a user defined. */
export interface LiveCustomProvider {
  readonly id: string;
  readonly slug: string;
  readonly baseUrl: string;
  /** Extra headers to send; may hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An account's own price of a model. */
export interface LivePrice {
  /** Another one after every change. */
  readonly version: string;
  /** Provider slug; `custom-…` for custom ones. */
  readonly provider: string;
  readonly model: string;
  /** US dollars for one unit as decimal texts, by the wire's names of rates. */
  readonly rates: Readonly<Record<string, string>>;
  /** For prompts of more than so many tokens; rates that are not named stay. */
  readonly tiers: readonly { readonly above: number; readonly rates: Readonly<Record<string, string>> }[];
  /** Milliseconds; null: no bound. */
  readonly fromMs: number | null;
  /** The first millisecond at which it no longer holds. */
  readonly untilMs: number | null;
}

/** The deployed version of a dynamic route. */
export interface LiveRoute {
  readonly id: string;
  readonly name: string;
  readonly versionId: string;
  readonly elements: readonly RouteElement[];
}

/** What hangs on gateways and accounts, in memory and synchronous like the rest of the snapshot. */
export interface ConfigSnapshot extends ControlSnapshot {
  /** In order of creation. */
  providerKeys(gatewayKey: string, providerSlug: string): readonly ProviderKey[];
  /** By slug, without `custom-`; null also for one that is not enabled. */
  customProvider(accountId: string, slug: string): LiveCustomProvider | null;
  route(gatewayKey: string, name: string): LiveRoute | null;
  /** Own prices of an account: the same array until one changes. */
  prices(accountId: string): readonly LivePrice[];
}
