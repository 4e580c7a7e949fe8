import type { ControlSnapshot, TokenIdentity } from '../stores/snapshot-ports.ts';
import type { HeaderFields } from './headers.ts';

/** Where clients put a key. */
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

/** How the tokens that we make look. Such a text never leaves us, whether it is (still) valid or not. */
const TOKEN_SHAPE = 'hg_[A-Za-z0-9]{40}';

/** Finds our tokens inside any text. */
export class OwnTokens {
  readonly #shape: RegExp;

  /** @param known tokens of another look: the administrator's, where it was set. */
  constructor(known: readonly string[] = []) {
    const source = [TOKEN_SHAPE, ...known.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))].join('|');
    this.#shape = new RegExp(source);
  }
  /** The first one in a text, or null. */
  in(text: string): string | null {
    return this.#shape.exec(text)?.[0] ?? null;
  }
}

export interface FoundCredentials {
  /** The first of our tokens that was found, `cf-aig-authorization` first. */
  identity: TokenIdentity | null;
  /** Headers that must not go upstream: they hold our token, or nothing. */
  drop: ReadonlySet<string>;
  /** The query without parameters that hold our token. */
  query: string;
}

export interface CredentialDeps {
  readonly control: Pick<ControlSnapshot, 'token'>;
  readonly ownTokens: OwnTokens;
}

/**
 * Looks for our tokens everywhere a client may put one: in the places for keys as whole values, and by their look anywhere
 * in any header or query parameter. Lookup is by SHA-256, so it takes the same time for any text.
 */
export function findCredentials(headers: HeaderFields, query: string, deps: CredentialDeps): FoundCredentials {
  let identity: TokenIdentity | null = null;
  const drop = new Set<string>();
  for (const name of CREDENTIAL_HEADERS) {
    const value = headers[name];
    if (value === undefined) continue;
    const bare = withoutScheme(value);
    const isPlaceholder = PLACEHOLDERS.has(bare.toLowerCase());
    const ours = isPlaceholder ? null : lookup(value, bare, deps);
    if (ours === null && !isPlaceholder) continue;
    identity ??= ours;
    drop.add(name);
  }
  for (const name in headers) {
    const token = deps.ownTokens.in(headers[name] ?? '');
    if (token === null) continue;
    identity ??= deps.control.token(token);
    drop.add(name);
  }
  if (!query.includes('=')) return { identity, drop, query };
  const cleaned = withoutOwnTokens(query, deps);
  return { identity: identity ?? cleaned.identity, drop, query: cleaned.query };
}

function lookup(value: string, bare: string, { control }: CredentialDeps): TokenIdentity | null {
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

function withoutOwnTokens(query: string, deps: CredentialDeps): { identity: TokenIdentity | null; query: string } {
  let identity: TokenIdentity | null = null;
  const kept: string[] = [];
  const parts = query.slice(1).split('&');
  for (const part of parts) {
    const [name = '', ...rest] = part.split('=');
    const value = decode(rest.join('='));
    const shaped = deps.ownTokens.in(value);
    const isKeyPlace = (CREDENTIAL_QUERY as readonly string[]).includes(decode(name).toLowerCase());
    const ours = shaped !== null ? deps.control.token(shaped) : isKeyPlace ? deps.control.token(value) : null;
    if (ours === null && shaped === null) kept.push(part);
    identity ??= ours;
  }
  if (kept.length === parts.length) return { identity, query };
  return { identity, query: kept.length === 0 ? '' : `?${kept.join('&')}` };
}

const SECRET_QUERY =
  /^(?:(?:api|access)?[-_]?(?:key|token)|authorization|auth|secret|signature|x-amz-(?:security-token|signature|credential))$/i;

/** Path and query for the log: our tokens are masked wherever they stand, and the values of parameters that hold keys. */
export function maskedTarget(path: string, query: string, ownTokens: OwnTokens): string {
  const masked = query.includes('=')
    ? query.replace(
        /([?&])([^=&]*)=([^&]*)/g,
        (_all, mark, name, value) => `${mark}${name}=${isSecret(name, value, ownTokens) ? '[masked]' : value}`,
      )
    : query;
  return (ownTokens.in(decode(path)) === null ? path : '[masked]') + masked;
}

function isSecret(name: string, value: string, ownTokens: OwnTokens): boolean {
  return SECRET_QUERY.test(decode(name)) || ownTokens.in(decode(value)) !== null;
}

/** Percent-decoded; a text that cannot be is taken as it is. */
export function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
