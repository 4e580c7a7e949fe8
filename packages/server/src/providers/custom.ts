import { withoutTrailingSlash } from './base-url.ts';
import { providerRow } from './provider-row.ts';
import type { ProviderRow } from './row.ts';

/** A provider that a user defined, as it is stored. */
export interface CustomProvider {
  /** As the user chose it; the URL slug is `custom-{slug}`, also where this one already begins with `custom-`. */
  slug: string;
  /** Absolute URL: origin and, where wanted, a fixed path. Query and fragment are no part of it and are dropped. */
  baseUrl: string;
  /** Sent with every request, in place of the client's headers of the same name. */
  headers: Record<string, string>;
}

/**
 * Row of a user-defined provider: the path after the slug is appended to its base. The host is the user's, so targets
 * are `userGiven`. Throws a `TypeError` when `baseUrl` is no URL: it was checked when it was stored.
 */
export function customProviderRow(custom: CustomProvider): ProviderRow {
  const slug = `custom-${custom.slug}`;
  const { protocol, host, pathname } = new URL(custom.baseUrl);
  // The parser has percent-encoded any braces, so nothing in a user's URL reads as a variable.
  const baseUrl = withoutTrailingSlash(`${protocol}//${host}${pathname}`);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(custom.headers)) headers[name.toLowerCase()] = value;
  return providerRow({
    slug,
    name: slug,
    baseUrl,
    credentialHeaders: ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'xi-api-key'],
    auth: { kind: 'bearer' },
    // Most are vLLM and its like; one that refuses the option is asked without it.
    streamUsage: 'asked',
    place: (path) => ({ path, headers: { ...headers }, userGiven: true }),
  });
}
