import type { z } from 'zod';

/** Where the management API is mounted; endpoint paths are below it. */
export const API_BASE = '/client/v4';

/**
 * What a token may do. `edit` holds the other three, `read` holds `metadata-read` (log rows without bodies), `run` is
 * for calls through a gateway only.
 */
export const PERMISSIONS = ['read', 'edit', 'run', 'metadata-read'] as const;
export type PermissionName = (typeof PERMISSIONS)[number];

/** What each permission holds, itself included. */
export const PERMISSION_INCLUDES: Record<PermissionName, readonly PermissionName[]> = {
  edit: ['read', 'edit', 'run', 'metadata-read'],
  read: ['read', 'metadata-read'],
  run: ['run'],
  'metadata-read': ['metadata-read'],
};

/**
 * How the answer is wrapped: `result` and `page` in the v4 envelope (a page with `result_info`), `raw` not at all,
 * `bytes` is a stored body under its own content type.
 */
export type Reply = 'result' | 'page' | 'raw' | 'bytes';

/** Names in braces of a path. */
export type ParamName<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamName<Rest>
  : never;

/**
 * One management operation. Validation, the OpenAPI document, the server's handlers and the typed client derive from
 * this record; nothing else describes an endpoint.
 */
export interface Endpoint<
  Path extends string = string,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType | null = z.ZodType | null,
  Response extends z.ZodType = z.ZodType,
  Kind extends Reply = Reply,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `API_BASE`, variables in braces: all are strings, percent-decoded. */
  readonly path: Path;
  readonly tag: string;
  readonly summary: string;
  /** `any`: every live token. */
  readonly permission: PermissionName | 'any';
  /** Lets in tokens that are restricted to some gateways where the path names no gateway. Default: they get a 403. */
  readonly openToRestricted?: true;
  readonly query: Query;
  readonly body: Body;
  /** Schema of `result`, of one item of a page, or of the raw body. */
  readonly response: Response;
  readonly reply: Kind;
}

/** Keeps the literal types of a record. */
export function endpoint<
  const Path extends string,
  Query extends z.ZodType,
  Body extends z.ZodType | null,
  Response extends z.ZodType,
  const Kind extends Reply,
>(record: Endpoint<Path, Query, Body, Response, Kind>): Endpoint<Path, Query, Body, Response, Kind> {
  return record;
}

/** The path variable that names a gateway (the segment after `gateways/`), or null for account-level endpoints. */
export function gatewayParam(path: string): string | null {
  return /\/gateways\/\{(\w+)\}/.exec(path)?.[1] ?? null;
}
