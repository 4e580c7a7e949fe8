import { AwsV4Signer } from 'aws4fetch';
import { Fields } from '../../lib/index.ts';

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  /** Where the keys' owner works; a request's own region comes first. */
  region: string | null;
  sessionToken: string | null;
}

export interface SigningScope {
  service: string;
  region: string;
  nowMs: number;
  derivedKeys: DerivedKeys;
}

export interface UnsignedRequest {
  url: string;
  method: string;
  /** All of these are signed. */
  headers: Fields;
  body: Uint8Array | null;
}

/** Derived keys by secret, day, region and service. Deriving one takes longer than signing with it. */
export type DerivedKeys = Map<string, ArrayBuffer>;

/**
 * Signs with AWS Signature Version 4: the path as it stands in the URL is encoded once more, as every service but S3
 * wants it. Returns the given headers with `x-amz-date`, `x-amz-security-token` and `authorization` added.
 */
export async function signV4(request: UnsignedRequest, keys: AwsKeys, scope: SigningScope): Promise<Fields> {
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    headers: request.headers.record,
    ...(request.body === null ? {} : { body: request.body as BodyInit }),
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === null ? {} : { sessionToken: keys.sessionToken }),
    service: scope.service,
    region: scope.region,
    datetime: new Date(scope.nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    cache: scope.derivedKeys,
    allHeaders: true,
  });
  return Fields.of((await signer.sign()).headers);
}

/** Headers that a signature brings along. Those of the client belong to no signature of ours. */
const SIGNATURE_HEADERS = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'];

/**
 * Signs an upstream request in place: its bytes, its host, its content type and every `x-amz-` header. Other headers stay
 * outside the signature, so that nothing which the connection adds or changes can break it.
 */
export async function signUpstream(request: UnsignedRequest, keys: AwsKeys, scope: SigningScope): Promise<void> {
  const { url, method, headers, body } = request;
  for (const name of SIGNATURE_HEADERS) headers.delete(name);
  const signed = new Fields({ 'x-amz-content-sha256': await sha256(body) });
  for (const [name, value] of Object.entries(headers.record)) {
    if (name === 'content-type' || name.startsWith('x-amz-')) signed.set(name, value);
  }
  const { record } = await signV4({ url, method, headers: signed, body }, keys, scope);
  for (const [name, value] of Object.entries(record)) headers.set(name, value);
}

async function sha256(body: Uint8Array | null): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', (body ?? new Uint8Array(0)) as BufferSource);
  return Buffer.from(digest).toString('hex');
}

const MAX_DERIVED_KEYS = 256;

/** Keeps derived keys; full, it forgets the oldest. */
export function derivedKeyCache(): DerivedKeys {
  return new BoundedMap();
}

class BoundedMap extends Map<string, ArrayBuffer> {
  override set(key: string, value: ArrayBuffer): this {
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= MAX_DERIVED_KEYS) break;
      this.delete(oldest);
    }
    return this;
  }
}
