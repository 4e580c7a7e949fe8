import { Refusal } from '@headgate/contract';
import type { Clock, Secret } from '../../lib/index.ts';
import { hasProviderCredential, type KeyPool, recogniseServiceAccount } from '../../providers/index.ts';
import type { CounterStore } from '../../stores/counter-ports.ts';
import type { ConfigSnapshot, GatewayPolicy, ProviderKey } from '../../stores/snapshot-ports.ts';
import type { Step } from '../call.ts';

export interface KeyDeps {
  readonly control: ConfigSnapshot;
  readonly clock: Clock;
  readonly pool: KeyPool;
  readonly counters: CounterStore;
  /** The operator's own keys by provider slug. */
  readonly operatorKeys: ReadonlyMap<string, Secret>;
  /** From 0, below 1. */
  readonly random: () => number;
}

/** Whose credential goes upstream. `sent`: the client's own, in its headers; `none`: nobody's. */
export type ChosenKey =
  | { readonly kind: 'sent' }
  | { readonly kind: 'none' }
  | { readonly kind: 'given'; readonly secret: Secret }
  | { readonly kind: 'stored'; readonly secret: Secret; readonly keyId: string }
  | { readonly kind: 'operator'; readonly secret: Secret };

const DEFAULT_ALIAS = 'default';

/**
 * The client's own credential wins; else a stored key of the alias asked for; else the operator's, where it may be used;
 * else none.
 * @throws Refusal 400/2040 when the alias is missing or nothing is allowed, 429/2003 when the stored keys' limit is reached.
 */
export function chooseKey(step: Step, gateway: GatewayPolicy, deps: KeyDeps): ChosenKey {
  const { provider, headers, query, options } = step;
  if (provider.auth.kind === 'none') return { kind: 'sent' };
  if (hasProviderCredential(provider, headers, query)) {
    const account =
      provider.auth.kind === 'google-token' ? recogniseServiceAccount(headers.get('authorization')) : null;
    return account === null ? { kind: 'sent' } : { kind: 'given', secret: account };
  }
  const stored = deps.control.providerKeys(gateway.key, provider.slug);
  if (stored.length > 0) return storedKey(step, stored, deps);
  const operator = deps.operatorKeys.get(provider.slug);
  if (!options.ownKeysOnly) return operator === undefined ? { kind: 'none' } : { kind: 'operator', secret: operator };
  throw new Refusal('keyMissing', { message: `No credentials for provider '${provider.slug}': send or store a key` });
}

/** Those of the stored keys that a call may use: of the alias that it names, else the default ones. */
export function keysOf(alias: string | null, stored: readonly ProviderKey[]): readonly ProviderKey[] {
  return stored.filter((key) => (alias === null ? key.isDefault || key.alias === DEFAULT_ALIAS : key.alias === alias));
}

function storedKey(step: Step, stored: readonly ProviderKey[], deps: KeyDeps): ChosenKey {
  const { provider, options } = step;
  const alias = options.keyAlias;
  const wanted = keysOf(alias, stored);
  if (wanted.length === 0 && alias === null) {
    const operator = deps.operatorKeys.get(provider.slug);
    if (operator !== undefined && !options.ownKeysOnly) return { kind: 'operator', secret: operator };
  }
  if (wanted.length === 0) {
    const aliases = [...new Set(stored.map((key) => `'${key.alias}'`))].join(', ');
    throw new Refusal('keyMissing', {
      message: `Provider '${provider.slug}' has no BYOK credential named '${alias ?? DEFAULT_ALIAS}'. Configured aliases: ${aliases}`,
    });
  }
  const usable = wanted.filter(hasSecret);
  const nowMs = deps.clock.nowMs();
  const admit = (key: ProviderKey) => waitOf(key, nowMs, deps.counters);
  const pick = deps.pool.pick({ keys: usable, admit, nowMs, random: deps.random });
  switch (pick.kind) {
    case 'key':
      return { kind: 'stored', secret: pick.key.secret, keyId: pick.key.id };
    case 'limited':
      throw new Refusal('rateLimited', {
        message: `Rate limited: key '${alias ?? DEFAULT_ALIAS}' of provider '${provider.slug}'`,
        headers: { 'retry-after': String(Math.max(1, Math.ceil(pick.retryAfterMs / 1000))) },
      });
    case 'empty':
      throw new Refusal('keyMissing', { message: 'Configured BYOK credentials are unavailable' });
    default:
      return pick satisfies never;
  }
}

function hasSecret(key: ProviderKey): key is ProviderKey & { secret: Secret } {
  return key.secret !== null;
}

/** Counts a use of the key: null when it is within its own limit, else milliseconds until it is. */
function waitOf(
  { id, rateLimit, rateLimitSeconds }: ProviderKey,
  nowMs: number,
  counters: CounterStore,
): number | null {
  if (rateLimit === null) return null;
  const window = { limit: BigInt(rateLimit), intervalMs: rateLimitSeconds * 1000, technique: 'sliding' } as const;
  const { granted, resetMs } = counters.take(`key:${id}`, window, 1n, nowMs);
  return granted ? null : resetMs;
}
