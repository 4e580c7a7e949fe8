import { type FieldRecord, Fields } from '../lib/index.ts';
import type { MetadataValue } from '../stores/log-ports.ts';
import { Refusal, STRIPPED_HEADERS } from '@headgate/contract';

/** Hop-by-hop fields (RFC 9110 section 7.6.1) and those that the next hop makes itself. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Never sent upstream: made anew by the client side of `fetch`, or meant for the gateway alone. */
const NOT_UPSTREAM = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'cf-cache-ttl',
  'cf-skip-cache',
  ...STRIPPED_HEADERS,
]);

const OWN_PREFIX = 'cf-aig-';

/** Fields by lower-case name, lists joined with commas. */
export type HeaderFields = Readonly<FieldRecord>;

/** The client's headers that may go upstream; `drop` names further ones (our own tokens, placeholder keys). */
export function upstreamHeaders(incoming: HeaderFields, drop: ReadonlySet<string>): Fields {
  const listed = listedInConnection(incoming.connection ?? null);
  const kept: FieldRecord = {};
  for (const name in incoming) {
    if (NOT_UPSTREAM.has(name) || name.startsWith(OWN_PREFIX) || drop.has(name) || listed?.has(name)) continue;
    kept[name] = incoming[name] ?? '';
  }
  // `fetch` would name itself; a gateway names itself as a gateway.
  kept['user-agent'] ??= 'headgate';
  return new Fields(kept);
}

/** The provider's headers as they go to the client. `content-length` is made anew by the server from the body. */
export function clientHeaders(provider: Fields, keepLength: boolean): FieldRecord {
  const fields = provider.record;
  const listed = listedInConnection(fields.connection ?? null);
  const kept: FieldRecord = {};
  for (const name in fields) {
    if (HOP_BY_HOP.has(name) || listed?.has(name) || name.startsWith(OWN_PREFIX)) continue;
    if (name === 'content-length' && !keepLength) continue;
    kept[name] = fields[name] ?? '';
  }
  return kept;
}

function listedInConnection(connection: string | null): Set<string> | null {
  if (connection === null || connection === 'keep-alive' || connection === 'close') return null;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** Where a header is looked up: a request's headers, or a step's in front of them. */
export interface HeaderSource {
  get(name: string): string | null;
}

/** A boolean `cf-aig-*` header. Throws a 400 that names the header when the value is neither. */
export function booleanHeader(headers: HeaderSource, name: string): boolean | null {
  const value = headers.get(name);
  if (value === null) return null;
  switch (value.trim().toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      throw new Refusal('requestInvalid', { message: `${name} must be true or false` });
  }
}

const MAX_METADATA_ENTRIES = 5;

/**
 * `cf-aig-metadata`: the first five entries with string, number or boolean values; names that begin with `cf.` are
 * dropped. A `null`, object or array value, or text that is no JSON object, drops all of it, without an error.
 */
export function metadataHeader(headers: HeaderSource): Record<string, MetadataValue> | null {
  const text = headers.get('cf-aig-metadata');
  if (text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
  const kept: [string, MetadataValue][] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
    if (name.startsWith('cf.') || kept.length === MAX_METADATA_ENTRIES) continue;
    kept.push([name, value]);
  }
  return kept.length === 0 ? null : Object.fromEntries(kept);
}
