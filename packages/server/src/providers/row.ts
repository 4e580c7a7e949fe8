import type { FormatName } from '../formats/index.ts';

/** What a path rule is given: the part of the client's URL after the provider slug. */
export interface TargetInput {
  accountId: string;
  /** Percent-encoding as sent. Leading and doubled slashes, left by client bases that end in one, are dropped. */
  path: string;
  /** With its `?`, exactly as sent, or empty. */
  query: string;
  /**
   * Looks up a header of the upstream request by lower-case name: the client's headers without our own tokens, with the
   * credential already chosen. A row may move a header's value, so a token of ours seen here would leave the house.
   */
  header(name: string): string | null;
  /** Replacement for the row's whole base (`HEADGATE_PROVIDER_BASE_URLS`), may hold variables in braces. */
  baseUrl: string | null;
}

/** Where an attempt goes. */
export interface Target {
  /** Absolute URL, exactly the bytes to request. */
  url: string;
  /** Provider path below the base, without leading slash or query; what formats and models are derived from. */
  path: string;
  /** Model named by the path, or null. */
  model: string | null;
  /** Headers to set or, with null, to remove on the way up, e.g. Bedrock mantle's bearer to `x-api-key`. */
  headers?: Record<string, string | null>;
  /** True when the host came from the client (fal targets, custom providers): egress then checks it. */
  userGiven?: boolean;
}

/** A path that the provider's rule can't place; becomes a 400 with this text. */
export interface TargetProblem {
  problem: string;
}

/** A provider is a row: everything that is particular to it, and nothing outside `providers/` compares its name. */
export interface ProviderRow {
  readonly slug: string;
  /** Shown to people. */
  readonly name: string;
  /** Other URL slugs that reach the same row, e.g. `google` for `google-ai-studio`. */
  readonly aliases?: readonly string[];
  /** Upstream base, variables in braces. Ends without slash. */
  readonly baseUrl: string;
  /** Lower-case request headers that may hold the provider's credential; the provider's own documented one first. */
  readonly credentialHeaders: readonly string[];
  /** Query parameters that may hold the credential, e.g. `key`. */
  readonly credentialQuery?: readonly string[];
  /** Builds the upstream URL. Never throws. */
  target(input: TargetInput): Target | TargetProblem;
  /** Format of the answer at this provider path (`Target.path`). */
  format(path: string): FormatName;
}
