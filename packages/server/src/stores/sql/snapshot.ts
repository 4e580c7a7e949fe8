import { type Clock, hashToken } from '../../lib/index.ts';
import type { Entry } from '../control-ports.ts';
import type { GatewayPolicy, TokenIdentity } from '../ports.ts';
import type { TokenData } from './kinds.ts';
import type { GatewaySettings } from '@headgate/contract';

interface LiveToken extends TokenIdentity {
  readonly disabled: boolean;
  readonly expiresAtMs: number | null;
  readonly notBeforeMs: number | null;
}

/** What the data plane looks up, in memory. Filled at open, changed after every commit. */
export class SnapshotIndex {
  readonly accounts = new Set<string>();
  readonly #gateways = new Map<string, GatewayPolicy>();
  readonly #tokens = new Map<string, LiveToken>();

  constructor(private readonly clock: Clock) {}

  clear(): void {
    this.accounts.clear();
    this.#gateways.clear();
    this.#tokens.clear();
  }

  gateway(accountId: string, gatewayId: string): GatewayPolicy | null {
    return this.#gateways.get(gatewayName(accountId, gatewayId)) ?? null;
  }

  token(value: string): TokenIdentity | null {
    const token = this.#tokens.get(hashToken(value));
    if (token === undefined || token.disabled) return null;
    const nowMs = this.clock.nowMs();
    if (token.expiresAtMs !== null && nowMs >= token.expiresAtMs) return null;
    return token.notBeforeMs !== null && nowMs < token.notBeforeMs ? null : token;
  }

  gatewayChanged(before: Entry<GatewaySettings> | null, after: Entry<GatewaySettings> | null): void {
    if (before !== null) this.#gateways.delete(gatewayName(before.accountId, before.name));
    if (after !== null) this.#gateways.set(gatewayName(after.accountId, after.name), compile(after));
  }

  tokenChanged(before: Entry<TokenData> | null, after: Entry<TokenData> | null): void {
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
}

/** Neither part holds a slash. */
function gatewayName(accountId: string, gatewayId: string): string {
  return `${accountId}/${gatewayId}`;
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
  };
}
