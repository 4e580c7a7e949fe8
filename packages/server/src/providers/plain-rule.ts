import { type Place, providerRow, type RowSpec } from './provider-row.ts';
import type { AuthStyle, ProviderRow } from './row.ts';

export interface PlainSpec extends Omit<RowSpec, 'place'> {
  /** Brings the spellings of a path down to the provider's own; by default the path is appended as it is. */
  rewrite?(path: string): string;
  /** Model named by the rewritten path or the query. */
  model?(path: string, query: string): string | null;
  /** How a stored credential is sent at this rewritten path, where it is not the row's usual way. */
  authAt?(path: string): AuthStyle | null;
}

/** A provider whose base is fixed: the path is appended to it. */
export function plainRow(spec: PlainSpec): ProviderRow {
  const { rewrite, model, authAt, ...rest } = spec;
  return providerRow({
    ...rest,
    place(clientPath, { query }) {
      const path = rewrite === undefined ? clientPath : rewrite(clientPath);
      const place: Place = { path, model: model === undefined ? null : model(path, query) };
      const auth = authAt?.(path) ?? null;
      if (auth !== null) place.auth = auth;
      return place;
    },
  });
}

/**
 * For bases that end in the version: takes `v1/` off the front, however often it stands there, and with it the `before/`
 * that some clients leave. `openai/v1/chat/completions` and `chat/completions` then reach the same URL.
 */
export function dropVersion(before?: string): (path: string) => string {
  const lead = before === undefined ? '' : `(?:${before}/(?=v1(?:/|$)))?`;
  const pattern = new RegExp(`^${lead}(?:v1(?:/|$))+`);
  return (path) => path.replace(pattern, '');
}

const VERSION = /^v\d[a-z0-9]*(?:\/|$)/;
const DOUBLED_VERSION = /^(?:v1\/){2,}/;

/**
 * For bases that end before the version: puts `v1/` in front where no version stands, and makes a doubled one single.
 * `unversioned` names the first segments that the provider serves without a version.
 */
export function ensureVersion(...unversioned: string[]): (path: string) => string {
  return (path) => {
    if (VERSION.test(path)) return path.replace(DOUBLED_VERSION, 'v1/');
    const [first = ''] = path.split('/', 1);
    return first === '' || unversioned.includes(first) ? path : `v1/${path}`;
  };
}
