import type { Fields } from '../../lib/index.ts';
import type { ProviderRow } from '../row.ts';

/**
 * Whether the request carries the provider's own credential, which then goes on as it is. Our own tokens and the
 * placeholders of SDKs must be gone from headers and query before; an empty value counts as none.
 * @param query with its `?`, or empty.
 */
export function hasProviderCredential(row: ProviderRow, headers: Pick<Fields, 'get'>, query: string): boolean {
  if (row.credentialHeaders.some((name) => (headers.get(name) ?? '') !== '')) return true;
  if (row.credentialQuery === undefined || !query.includes('=')) return false;
  const parameters = new URLSearchParams(query);
  return row.credentialQuery.some((name) => (parameters.get(name) ?? '') !== '');
}

/** The URL without the parameters that may hold a credential; all its other bytes stay. */
export function withoutCredentialQuery(row: ProviderRow, url: string): string {
  const at = url.indexOf('?');
  if (row.credentialQuery === undefined || at < 0) return url;
  const parts = url.slice(at + 1).split('&');
  const kept = parts.filter(
    (part) => !row.credentialQuery?.some((name) => part === name || part.startsWith(`${name}=`)),
  );
  if (kept.length === parts.length) return url;
  return url.slice(0, at) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}
