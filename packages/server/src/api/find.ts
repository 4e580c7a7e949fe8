import { Refusal } from '@headgate/contract';
import type { ControlStore, Scope } from '../stores/control-ports.ts';
import type { GatewayPolicy } from '../stores/snapshot-ports.ts';

/** The answer for a thing that is not there. */
export function notFound(thing: string): Refusal {
  return new Refusal('apiNotFound', { message: `There is no such ${thing}` });
}

/** @throws Refusal `apiNotFound` when what was looked for is null. */
export async function found<T>(looked: Promise<T | null>, thing: string): Promise<T> {
  const value = await looked;
  if (value === null) throw notFound(thing);
  return value;
}

export interface GatewayPath {
  account_id: string;
  gateway_id: string;
}

/** The gateway that a path names. */
export function gatewayOf({ snapshot }: ControlStore, { account_id, gateway_id }: GatewayPath): GatewayPolicy {
  const gateway = snapshot.gateway(account_id, gateway_id);
  if (gateway === null) throw notFound('gateway');
  return gateway;
}

/** Where the entries below the gateway of a path live. */
export function below(control: ControlStore, path: GatewayPath): Scope {
  return { accountId: path.account_id, parent: gatewayOf(control, path).key };
}

/** Where the entries of an account itself live. */
export function accountScope(accountId: string): Scope {
  return { accountId, parent: '' };
}

export function paged({ page, per_page: perPage }: { page: number; per_page: number }) {
  return { page, perPage };
}

/** One page of what is held in memory. */
export function pageOf<T>(all: readonly T[], { page, per_page }: { page: number; per_page: number }) {
  return { items: all.slice((page - 1) * per_page, page * per_page), totalCount: all.length };
}

/** Text order by code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
