/** For tests: asks a row for a target the way the gateway does. */
import { findProvider } from './registry.ts';
import type { ProviderRow, Target, TargetProblem } from './row.ts';

export interface Asked {
  headers?: Record<string, string>;
  baseUrl?: string;
  accountId?: string;
}

/** `pathAndQuery` is what follows the slug and its slash, with the query. */
export function ask(row: ProviderRow, pathAndQuery: string, asked: Asked = {}): Target | TargetProblem {
  const cut = pathAndQuery.indexOf('?');
  return row.target({
    accountId: asked.accountId ?? 'acc-1',
    path: cut < 0 ? pathAndQuery : pathAndQuery.slice(0, cut),
    query: cut < 0 ? '' : pathAndQuery.slice(cut),
    header: (name) => asked.headers?.[name] ?? null,
    baseUrl: asked.baseUrl ?? null,
  });
}

/** Like `ask`, of a whole gateway path (`{slug}/…`), where a target is expected. */
export function targetOf(gatewayPath: string, asked: Asked = {}): Target {
  const [slug = ''] = gatewayPath.split(/[/?]/, 1);
  const target = ask(rowOf(slug), gatewayPath.slice(slug.length).replace(/^\//, ''), asked);
  if ('problem' in target) throw new Error(`${gatewayPath}: ${target.problem}`);
  return target;
}

/** The problem of a whole gateway path; null where there is none. */
export function problemOf(gatewayPath: string, asked: Asked = {}): string | null {
  const [slug = ''] = gatewayPath.split(/[/?]/, 1);
  const target = ask(rowOf(slug), gatewayPath.slice(slug.length).replace(/^\//, ''), asked);
  return 'problem' in target ? target.problem : null;
}

export function rowOf(slug: string): ProviderRow {
  const row = findProvider(slug);
  if (row === null) throw new Error(`no provider ${slug}`);
  return row;
}
