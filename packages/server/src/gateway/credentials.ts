import type { ControlSnapshot, TokenIdentity } from '../stores/ports.ts';

/** Where clients put a key. Any of them may hold one of our tokens: it is used, and never forwarded. */
const CREDENTIAL_HEADERS = [
  'cf-aig-authorization',
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'xi-api-key',
  'x-auth-key',
  'token',
] as const;
const CREDENTIAL_QUERY = ['key', 'api_key', 'access_token', 'token'] as const;

/** Values that SDKs send when they have no key. */
const PLACEHOLDERS = new Set(['', 'unused', 'undefined', 'null', 'cf_temp_token', 'bearer', 'token', 'key']);

export interface FoundCredentials {
  /** The first of our tokens that was found, `cf-aig-authorization` first. */
  identity: TokenIdentity | null;
  /** Headers that must not go upstream: they hold our token, or nothing. */
  drop: ReadonlySet<string>;
  /** The query without parameters that hold our token. */
  query: string;
}

const NONE: ReadonlySet<string> = new Set();

/** Looks for our tokens everywhere a client may put one. Lookup is by SHA-256, so it takes the same time for any text. */
export function findCredentials(headers: Headers, query: string, control: ControlSnapshot): FoundCredentials {
  let identity: TokenIdentity | null = null;
  let drop: Set<string> | null = null;
  for (const name of CREDENTIAL_HEADERS) {
    const value = headers.get(name);
    if (value === null) continue;
    const bare = withoutScheme(value);
    const ours = PLACEHOLDERS.has(bare.toLowerCase()) ? null : lookup(value, bare, control);
    if (ours === null && !PLACEHOLDERS.has(bare.toLowerCase())) continue;
    identity ??= ours;
    drop ??= new Set();
    drop.add(name);
  }
  if (!query.includes('=')) return { identity, drop: drop ?? NONE, query };
  const cleaned = withoutOwnTokens(query, control);
  identity ??= cleaned.identity;
  return { identity, drop: drop ?? NONE, query: cleaned.query };
}

function lookup(value: string, bare: string, control: ControlSnapshot): TokenIdentity | null {
  const found = control.token(bare);
  if (found !== null || !/^basic /i.test(value)) return found;
  // Basic: the token may be the user name or the password.
  const [user = '', password = ''] = Buffer.from(bare, 'base64').toString('utf8').split(':', 2);
  return control.token(password) ?? control.token(user);
}

/** `Bearer x`, `Token x`, `Key x`, `Api-Key x`, `Basic x` and plain `x` all give `x`; a bare scheme gives nothing. */
function withoutScheme(value: string): string {
  const trimmed = value.trim();
  const scheme = /^(?:bearer|token|key|api-key|basic)(?:\s+|$)/i.exec(trimmed);
  return scheme === null ? trimmed : trimmed.slice(scheme[0].length).trim();
}

function withoutOwnTokens(query: string, control: ControlSnapshot): { identity: TokenIdentity | null; query: string } {
  let identity: TokenIdentity | null = null;
  const kept: string[] = [];
  const parts = query.slice(1).split('&');
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    const ours =
      at >= 0 && (CREDENTIAL_QUERY as readonly string[]).includes(name)
        ? control.token(decode(part.slice(at + 1)))
        : null;
    if (ours === null) kept.push(part);
    else identity ??= ours;
  }
  if (kept.length === parts.length) return { identity, query };
  return { identity, query: kept.length === 0 ? '' : `?${kept.join('&')}` };
}

/** The query with the values of key parameters masked, for the log. */
export function maskQuery(query: string): string {
  return query.includes('=')
    ? query.replace(
        /([?&](?:key|api_key|access_token|token|x-amz-security-token|x-amz-signature)=)[^&]*/gi,
        '$1[masked]',
      )
    : query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
