/**
 * How a provider's key gets onto an upstream request: the shapes that stored credentials have, signing, token exchange,
 * the hosts that a key may go to, and the choice among several keys. Knows rows and targets; knows no gateway, no
 * storage, no client token of ours. Nothing here prints a credential: every error names what was expected instead.
 */
export { type Authorizer, createAuthorizer } from './authorize.ts';
export { checkCredential, CredentialError } from './credential.ts';
export { hasProviderCredential } from './has-credential.ts';
export { KeyPool } from './key-pool.ts';
export { parseProviderKeys } from './provider-keys.ts';
export { recogniseServiceAccount } from './service-account.ts';
