import { Secret } from '../../lib/index.ts';
import { CredentialError } from './credential-error.ts';
import { type JsonObject, readEncodedJson } from './read-json.ts';

/** The parts of a Google service account key that a token is asked for with. */
export interface ServiceAccount {
  email: string;
  /** PKCS#8 in PEM. */
  privateKey: string;
  privateKeyId: string | null;
  tokenUri: string;
}

const TOKEN_URI = 'https://oauth2.googleapis.com/token';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** The longest that Google accepts, in seconds. */
const ASSERTION_LIFETIME_S = 3600;

/**
 * The service account key that a client sent in place of an access token, ready for `authorize`; null for anything else.
 * @param value of `Authorization`, with or without `Bearer`: base64 of the key's JSON, or the JSON itself.
 */
export function recogniseServiceAccount(value: string | null): Secret | null {
  if (value === null) return null;
  const text = value.replace(/^Bearer\s+/i, '').trim();
  return isServiceAccount(readEncodedJson(text)) ? new Secret(text) : null;
}

function isServiceAccount(json: JsonObject | null): json is JsonObject & { client_email: string; private_key: string } {
  return typeof json?.client_email === 'string' && typeof json.private_key === 'string';
}

/**
 * Null when the text is no JSON object, plain or in base64, or one that holds an `apiKey` instead.
 * @throws CredentialError `malformed` for JSON without what a service account key has.
 */
export function readServiceAccount(text: string): ServiceAccount | null {
  const json = readEncodedJson(text);
  if (json === null || 'apiKey' in json) return null;
  if (!isServiceAccount(json)) throw malformed('"client_email" and "private_key"');
  const { client_email: email, private_key_id: keyId, token_uri: uri } = json;
  // Keys that went through a shell or an environment file often arrive with their line ends spelt out.
  const privateKey = json.private_key.replaceAll('\\n', '\n');
  if (!privateKey.includes('-----BEGIN PRIVATE KEY-----')) throw malformed('a "private_key" in PEM (PKCS#8)');
  const tokenUri = uri === undefined ? TOKEN_URI : tokenUrl(uri);
  if (tokenUri === null) throw malformed('a "token_uri" that is an http or https URL');
  return { email, privateKey, privateKeyId: typeof keyId === 'string' ? keyId : null, tokenUri };
}

function tokenUrl(value: unknown): string | null {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null;
  return url.href;
}

/**
 * A signed request for an access token (RFC 7523, as Google's OAuth 2.0 for server to server applications has it).
 * @throws CredentialError `malformed` when the private key cannot be read.
 */
export async function signAssertion(account: ServiceAccount, nowMs: number): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(account.privateKeyId === null ? {} : { kid: account.privateKeyId }) };
  const claims = {
    iss: account.email,
    scope: SCOPE,
    aud: account.tokenUri,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_LIFETIME_S,
  };
  const unsigned = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
  const key = await importKey(account.privateKey);
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, Buffer.from(unsigned));
  return `${unsigned}.${encode(new Uint8Array(signature))}`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const body = pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, '');
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  try {
    return await crypto.subtle.importKey('pkcs8', Buffer.from(body, 'base64'), algorithm, false, ['sign']);
  } catch {
    throw malformed('a readable RSA "private_key"');
  }
}

function encode(data: string | Uint8Array): string {
  return Buffer.from(data as string).toString('base64url');
}

function malformed(missing: string): CredentialError {
  return new CredentialError(
    'malformed',
    `The stored credential is no Google service account key: it needs ${missing}`,
  );
}
