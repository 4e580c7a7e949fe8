import { type Clock, type Fields, hashToken, type Secret } from '../../lib/index.ts';
import type { ApiKeyStyle, ProviderRow, Target } from '../row.ts';
import { type ClientCredentialsStyle, CredentialError, readCredential } from './credential.ts';
import { withoutCredentialQuery } from './has-credential.ts';
import { assertKeyOrigin, originPattern } from './key-origins.ts';
import { type ServiceAccount, signAssertion } from './service-account.ts';
import { derivedKeyCache, signUpstream } from './sigv4.ts';
import { createTokenCache } from './token-cache.ts';
import { requestToken, type SendTokenRequest } from './token-exchange.ts';

export interface AuthorizerDeps {
  readonly clock: Clock;
  /** The way out, for token exchanges. */
  readonly send: SendTokenRequest;
  /** The operator's replacement bases by provider slug: where one is set, the provider's keys go there alone. */
  readonly baseUrls: ReadonlyMap<string, string>;
}

export interface Authorization {
  row: ProviderRow;
  target: Target;
  method: string;
  /** What goes upstream otherwise; left as it is. */
  headers: Fields;
  /** The exact bytes that go upstream: they may be signed. */
  body: Uint8Array | null;
  /** The stored credential. */
  secret: Secret;
}

export interface Authorizer {
  /**
   * Puts a stored credential onto an upstream request, for this one sending of it: signatures and tokens age, so a retry
   * asks again. What the client sent in the provider's credential headers and parameters is taken off.
   * @throws CredentialError when the credential is malformed, refused by its token endpoint, or meant for another host.
   */
  authorize(request: Authorization): Promise<{ url: string; headers: Fields }>;
}

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const tokens = createTokenCache(deps.clock);
  const derivedKeys = derivedKeyCache();
  const replaced = new Map([...deps.baseUrls].map(([slug, base]) => [slug, originPattern(base)]));

  function serviceAccountToken(account: ServiceAccount): Promise<string> {
    const { email, privateKey, tokenUri } = account;
    // The private key is part of the name: knowing the account is not enough to be given its token.
    return tokens.get(hashToken(JSON.stringify([email, privateKey, tokenUri])), async () => {
      const assertion = await signAssertion(account, deps.clock.nowMs());
      const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
      return requestToken({ url: tokenUri, userGiven: true, form }, deps);
    });
  }

  function clientToken(style: ClientCredentialsStyle, id: string, secret: string): Promise<string> {
    return tokens.get(hashToken(JSON.stringify([style.tokenUrl, id, secret])), () => {
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret, scope: style.scope };
      return requestToken({ url: style.tokenUrl, userGiven: false, form }, deps);
    });
  }

  return {
    async authorize({ row, target, method, headers: given, body, secret }) {
      const auth = target.auth ?? row.auth;
      const headers = given.copy();
      const credential = readCredential(auth, secret.reveal());
      if (credential.kind === 'none') return { url: target.url, headers };
      assertKeyOrigin(row, target.url, replaced.get(row.slug) ?? null);
      const url = withoutCredentialQuery(row, target.url);
      removeCredentials(headers, row, target);
      for (const [name, value] of Object.entries(auth.defaults ?? {})) {
        if (!headers.has(name)) headers.set(name, value);
      }
      switch (credential.kind) {
        case 'api-key':
          setApiKey(headers, credential.style, credential.key);
          break;
        case 'aws-keys': {
          const { keys, service } = credential;
          const region = target.region ?? keys.region;
          if (region === null) throw new CredentialError('malformed', `The stored ${row.name} keys name no region`);
          const scope = { service, region, nowMs: deps.clock.nowMs(), derivedKeys };
          await signUpstream({ url, method, headers, body }, keys, scope);
          break;
        }
        case 'service-account':
          setApiKey(headers, { kind: 'bearer' }, await serviceAccountToken(credential.account));
          break;
        case 'client': {
          const { style, id, secret: clientSecret } = credential;
          setApiKey(headers, { kind: 'bearer' }, await clientToken(style, id, clientSecret));
          headers.set(style.idHeader, id);
          break;
        }
        default:
          return credential satisfies never;
      }
      return { url, headers };
    },
  };
}

function setApiKey(headers: Fields, style: ApiKeyStyle, key: string): void {
  if (style.kind === 'bearer') headers.set('authorization', `Bearer ${key}`);
  else headers.set(style.name, `${style.prefix ?? ''}${key}`);
}

/** What the target itself sets, such as a custom provider's own headers, was not the client's and stays. */
function removeCredentials(headers: Fields, row: ProviderRow, target: Target): void {
  for (const name of row.credentialHeaders) {
    if ((target.headers?.[name] ?? null) === null) headers.delete(name);
  }
}
