import type { Secret } from '../../lib/index.ts';
import type { ApiKeyStyle, AuthStyle, ProviderRow } from '../row.ts';
import { CredentialError } from './credential-error.ts';
import { headerSafe, type JsonObject, readEncodedJson, readJson } from './read-json.ts';
import { readServiceAccount, type ServiceAccount } from './service-account.ts';
import type { AwsKeys } from './sigv4.ts';

export { CredentialError } from './credential-error.ts';

export type ClientCredentialsStyle = Extract<AuthStyle, { kind: 'client-credentials' }>;

/** A stored credential after reading: what is to be done with it, and with which values. */
export type Credential =
  | { kind: 'none' }
  | { kind: 'api-key'; style: ApiKeyStyle; key: string }
  | { kind: 'aws-keys'; service: string; keys: AwsKeys }
  | { kind: 'service-account'; account: ServiceAccount }
  | { kind: 'client'; style: ClientCredentialsStyle; id: string; secret: string };

/** @throws CredentialError `malformed`, naming the shapes that `auth` takes. */
export function readCredential(auth: AuthStyle, text: string): Credential {
  switch (auth.kind) {
    case 'none':
      return { kind: 'none' };
    case 'bearer':
    case 'header':
      return { kind: 'api-key', style: auth, key: readApiKey(text, 'an API key') };
    case 'sigv4': {
      const keys = readAwsKeys(text);
      if (keys !== null) return { kind: 'aws-keys', service: auth.service, keys };
      return { kind: 'api-key', style: auth.apiKey, key: readApiKey(text, `${AWS_SHAPE}, or a Bedrock API key`) };
    }
    case 'google-token': {
      const account = readServiceAccount(text);
      if (account !== null) return { kind: 'service-account', account };
      const key = readApiKey(text, GOOGLE_SHAPE);
      // Anything else of one word is most likely a damaged base64 text: half a private key must not go out as a key.
      if (!GOOGLE_API_KEY.test(key)) throw malformed(GOOGLE_SHAPE);
      return { kind: 'api-key', style: auth.apiKey, key };
    }
    case 'client-credentials':
      return readClient(auth, text);
    default:
      return auth satisfies never;
  }
}

const AWS_SHAPE =
  'JSON with "accessKeyId" and "secretAccessKey", and where needed "region" and "sessionToken", all of them texts';
const GOOGLE_SHAPE =
  'a service account key (Google\'s JSON file with "client_email" and "private_key", or base64 of it), or a Google API key';
const GOOGLE_API_KEY = /^(?:AIza|AQ\.)/;

/**
 * Whether a credential has a shape that the provider can use; nothing is sent.
 * @throws CredentialError `malformed`, naming the shapes that the provider takes.
 */
export function checkCredential(row: ProviderRow, secret: Secret): void {
  readCredential(row.auth, secret.reveal());
}

/** What a JSON credential says about where it belongs, for requests whose path does not say it. */
export interface CredentialSite {
  /** AWS or Google Cloud region. */
  region: string | null;
  /** Google Cloud project. */
  projectId: string | null;
  /** Azure resource. */
  resource: string | null;
}

/** Reads `region`, `project_id` and `resource` of a credential; all null for one that is a bare key. Never throws. */
export function credentialSite(secret: Secret): CredentialSite {
  const json = readEncodedJson(secret.reveal());
  return { region: siteName(json?.region), projectId: siteName(json?.project_id), resource: siteName(json?.resource) };
}

/** These end up in host names and paths. A project may be `example.com:name`. */
function siteName(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,62}[A-Za-z0-9])?$/.test(value) ? value : null;
}

/** A bare key, or JSON with the key as `apiKey` beside what else is known about it. */
function readApiKey(text: string, expected: string): string {
  const json = readJson(text);
  const key = headerSafe(json === null ? text.trim() : json.apiKey);
  if (key === null || (json === null && key.startsWith('{'))) {
    throw malformed(`${expected}: the key alone, without a scheme such as "Bearer", or JSON with the key as "apiKey"`);
  }
  return key;
}

/** Null when the text is no JSON object, or one that holds an `apiKey` instead. */
function readAwsKeys(text: string): AwsKeys | null {
  const json = readJson(text);
  if (json === null || 'apiKey' in json) return null;
  const accessKeyId = headerSafe(json.accessKeyId);
  const secretAccessKey = headerSafe(json.secretAccessKey);
  if (accessKeyId === null || !/^\w+$/.test(accessKeyId) || secretAccessKey === null) throw malformed(AWS_SHAPE);
  return {
    accessKeyId,
    secretAccessKey,
    region: optional(json, 'region'),
    sessionToken: optional(json, 'sessionToken'),
  };
}

function optional(json: JsonObject, name: string): string | null {
  const value = json[name];
  if (value === undefined || value === null || value === '') return null;
  const text = headerSafe(value);
  if (text === null) throw malformed(AWS_SHAPE);
  return text;
}

function readClient(style: ClientCredentialsStyle, text: string): Credential {
  const json = readJson(text);
  const id = headerSafe(json?.clientId);
  const secret = headerSafe(json?.clientSecret);
  if (id === null || secret === null) throw malformed('JSON with "clientId" and "clientSecret"');
  return { kind: 'client', style, id, secret };
}

function malformed(expected: string): CredentialError {
  return new CredentialError('malformed', `The stored credential is not ${expected}`);
}
