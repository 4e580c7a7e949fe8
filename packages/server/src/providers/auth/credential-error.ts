/**
 * - `malformed`: the credential does not have the shape that its provider needs.
 * - `misdirected`: the request would carry a stored credential to a host that it was not stored for.
 * - `rejected`: the token endpoint refused the credential.
 * - `unreachable`: the token endpoint gave no usable answer; `cause` is what the way out threw, if it did.
 */
export type CredentialProblem = 'malformed' | 'misdirected' | 'rejected' | 'unreachable';

/** A stored credential that can't be used. The message may be shown to users and never holds any part of it. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';

  constructor(
    readonly problem: CredentialProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
