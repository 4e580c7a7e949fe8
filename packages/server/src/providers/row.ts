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

/** One key in one header. */
export type ApiKeyStyle =
  | { readonly kind: 'bearer' }
  | {
      readonly kind: 'header';
      /** Lower-case. */
      readonly name: string;
      /** Scheme in front of the key, with its space. */
      readonly prefix?: 'Token ' | 'Key ' | 'Api-Key ';
    };

/** How a stored credential is put onto a request, and with it how the credential is shaped. */
export type AuthStyle = { readonly defaults?: Readonly<Record<string, string>> } & (
  | ApiKeyStyle
  /** AWS access keys as JSON sign the request for `service`; a bare string is an API key. */
  | { readonly kind: 'sigv4'; readonly service: string; readonly apiKey: ApiKeyStyle }
  /** A service account key is exchanged for a short-lived token, sent as bearer; a bare string is an API key. */
  | { readonly kind: 'google-token'; readonly apiKey: ApiKeyStyle }
  /** A client id and secret are exchanged for a short-lived token, sent as bearer beside the id. */
  | {
      readonly kind: 'client-credentials';
      readonly tokenUrl: string;
      readonly scope: string;
      /** Lower-case header that carries the client id. */
      readonly idHeader: string;
    }
  /** Takes no credential. */
  | { readonly kind: 'none' }
);

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
  /** Where this path takes a stored credential another way than the row says. */
  auth?: AuthStyle;
  /** Region that the path names; an AWS signature is made for it. */
  region?: string;
}

/** A path that the provider's rule can't place; becomes a 400 with this text. */
export interface TargetProblem {
  problem: string;
}

/** A member of the JSON body, e.g. `store`, and the JSON that it is set to; at these provider paths alone. */
export interface RetentionSwitch {
  readonly member: readonly string[];
  readonly value: string;
  readonly paths: RegExp;
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
  /** How a stored credential is sent. `defaults` are headers that the provider demands, set where the client sends none. */
  readonly auth: AuthStyle;
  /**
   * Origins beside the base's that a stored credential may be sent to. `{name}` stands for one label or a part of one,
   * `*` for one label or more.
   */
  readonly keyOrigins?: readonly string[];
  /**
   * OpenAI-style streams of this provider tell their usage only where `stream_options.include_usage` asks for it. Not set
   * where they tell it unasked, or do not know the option.
   */
  readonly streamUsage?: 'asked';
  /** The provider's own switch against keeping requests and answers. Not set where it has none for a single request. */
  readonly zeroRetention?: RetentionSwitch;
  /** Builds the upstream URL. Never throws. */
  target(input: TargetInput): Target | TargetProblem;
  /** Format of the answer at this provider path (`Target.path`). */
  format(path: string): FormatName;
}
