import type { ProviderRow } from '../row.ts';
import { CredentialError } from './credential-error.ts';

/** Marks that survive URL parsing in a host, in place of what a template leaves open. */
const LABEL = 'zz0label0zz';
const LABELS = 'zz0labels0zz';
const NOTHING = /(?!)/;

/**
 * The origins of a base URL, as a pattern over origins: `{name}` stands for one label or a part of one, `*` for one label
 * or more. A template that is no URL of a host matches nothing.
 */
export function originPattern(template: string): RegExp {
  const url = URL.parse(template.replace(/\{[^{}]*\}/g, LABEL).replace('*', LABELS));
  if (url === null || url.host === '') return NOTHING;
  const literal = `${url.protocol}//${url.host}`.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const open = literal.replaceAll(LABELS, '[a-z0-9-]+(?:\\.[a-z0-9-]+)*').replaceAll(LABEL, '[a-z0-9-]+');
  return new RegExp(`^${open}$`);
}

/**
 * Refuses to send a stored credential to an origin that it was not stored for.
 * @param replaced pattern of the base that the operator put in the row's place; then it is the only one.
 * @throws CredentialError `misdirected`.
 */
export function assertKeyOrigin(row: ProviderRow, url: string, replaced: RegExp | null): void {
  const { protocol, host } = new URL(url);
  const patterns = replaced === null ? patternsOf(row) : [replaced];
  if (patterns.some((pattern) => pattern.test(`${protocol}//${host}`))) return;
  throw new CredentialError('misdirected', `A stored ${row.name} key is not sent to ${host}`);
}

const patterns = new WeakMap<ProviderRow, readonly RegExp[]>();

function patternsOf(row: ProviderRow): readonly RegExp[] {
  const known = patterns.get(row);
  if (known !== undefined) return known;
  const made = [row.baseUrl, ...(row.keyOrigins ?? [])].map(originPattern);
  patterns.set(row, made);
  return made;
}
