import { Secret } from '../../lib/index.ts';
import { findProvider } from '../registry.ts';
import { CredentialError, checkCredential } from './credential.ts';

/**
 * Reads the operator's own keys: JSON `{slug: key}`, where a key is a text or the provider's credential object. Keys come
 * out under the providers' own slugs, aliases resolved. Custom providers are refused: their hosts are users' choice.
 * @throws Error that says what was expected and names the slug, never a key.
 */
export function parseProviderKeys(text: string): ReadonlyMap<string, Secret> {
  const keys = new Map<string, Secret>();
  for (const [slug, value] of Object.entries(parseObject(text))) {
    const row = findProvider(slug);
    if (row === null) throw unknownSlug(slug, value);
    if (row.auth.kind === 'none') throw new Error(`"${slug}": this provider takes no key`);
    if (keys.has(row.slug)) throw new Error(`"${slug}": there is a second key for ${row.slug}`);
    const secret = new Secret(keyText(slug, value));
    try {
      checkCredential(row, secret);
    } catch (error) {
      if (error instanceof CredentialError) throw new Error(`"${slug}": ${error.message}`);
      throw error;
    }
    keys.set(row.slug, secret);
  }
  return keys;
}

function parseObject(text: string): object {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('expected a JSON object like {"openai": "<key>"}');
  }
  return parsed;
}

function keyText(slug: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value);
  throw new Error(`"${slug}": expected a key, or the provider's credential as an object`);
}

/** A name that is no provider may be a key in the wrong place: it is repeated only where it looks like a slug. */
function unknownSlug(slug: string, value: unknown): Error {
  if (typeof value === 'string' && findProvider(value) !== null) {
    return new Error(`"${value}" stands in the place of the key: expected {"${value}": "<key>"}`);
  }
  if (slug.startsWith('custom-'))
    return new Error('only built-in providers take a key of the operator, no custom ones');
  return new Error(`${/^[a-z]+(?:-[a-z]+){0,3}$/.test(slug) ? `"${slug}"` : 'a name'}: there is no such provider`);
}
