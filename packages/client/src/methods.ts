import type { Endpoint, EndpointName, Endpoints, ParamName, ResponseOf, ResultInfo } from '@headgate/contract';
import type { z } from 'zod';
import type { HeadgateError } from './error.ts';

/** What a call may say beside its input. */
export interface CallOptions {
  /** Ends the call, its waiting and its retries. */
  signal?: AbortSignal;
  /** Refuse the change (412) unless the resource still has this version: the `etag` of an earlier answer. */
  ifMatch?: string;
}

/** One page of a list. `info.total_count` is exact; some lists add statistics. */
export interface Page<Item> {
  items: Item[];
  info: ResultInfo;
}

/** What a body may be: a field that may be left out may also be undefined; where the server reads anything, what it reads it as. */
type Given<In, Out> = {
  [Key in keyof In]: unknown extends In[Key]
    ? Key extends keyof Out
      ? Out[Key]
      : In[Key]
    : undefined extends In[Key]
      ? In[Key] | undefined
      : In[Key];
};

type Params<E extends Endpoint> = Record<Exclude<ParamName<E['path']>, 'account_id'>, string> &
  ('account_id' extends ParamName<E['path']> ? { account_id?: string | undefined } : unknown);

/** A parameter may be left out where the server takes its absence, and has the type that the server reads from its text. */
type Query<E extends Endpoint> = QueryFields<z.input<E['query']>, z.output<E['query']>>;
type QueryFields<In, Out> = string extends keyof In
  ? unknown
  : { [Key in keyof In & keyof Out as undefined extends In[Key] ? Key : never]?: Out[Key] | undefined } & {
      [Key in keyof In & keyof Out as undefined extends In[Key] ? never : Key]: Out[Key];
    };

type Body<E extends Endpoint> = E['body'] extends z.ZodType
  ? { body: Given<z.input<E['body']>, z.output<E['body']>> }
  : unknown;

/** Variables of the path, query parameters and `body` in one object. `account_id` defaults to the client's account. */
export type InputOf<E extends Endpoint> = Params<E> & Query<E> & Body<E>;

/** A list: its query has a page. */
type IsList<E extends Endpoint> = z.output<E['query']> extends { page: number } ? true : false;

/** One item of a list. Lists of routes have an envelope of their own, with the items under a name of theirs. */
export type ItemOf<E extends Endpoint> = E['reply'] extends 'page' ? ResponseOf<E> : ElementOf<DataOf<ResponseOf<E>>>;
type DataOf<T> = T extends { data: infer Data } ? Data : never;
type ElementOf<T> = { [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item : never }[keyof T];

/** What a call resolves with. A stored body is the `Response` itself, so that it need not fit into memory. */
export type OutputOf<E extends Endpoint> =
  IsList<E> extends true ? Page<ItemOf<E>> : E['reply'] extends 'bytes' ? Response : ResponseOf<E>;

/** `etag` is the version of what was answered, for `ifMatch`; null where it has none. */
export type SafeResult<T> = { ok: true; value: T; etag: string | null } | { ok: false; error: HeadgateError };

type Args<E extends Endpoint> =
  Record<never, never> extends InputOf<E>
    ? [input?: InputOf<E>, options?: CallOptions]
    : [input: InputOf<E>, options?: CallOptions];

type Iterate<E extends Endpoint> =
  IsList<E> extends true
    ? {
        /** Every item of every page from `page` on, one request at a time; ends with the first empty page. */
        iterate(...args: Args<E>): AsyncGenerator<ItemOf<E>, void, undefined>;
      }
    : unknown;

type Method<E extends Endpoint> = ((...args: Args<E>) => Promise<OutputOf<E>>) & Iterate<E>;
type SafeMethod<E extends Endpoint> = (...args: Args<E>) => Promise<SafeResult<OutputOf<E>>>;

type Group = EndpointName extends infer Name ? (Name extends `${infer Before}.${string}` ? Before : never) : never;
type MethodName<G extends Group> =
  Extract<EndpointName, `${G}.${string}`> extends `${G}.${infer After}` ? After : never;
type EndpointAt<G extends Group, Name extends string> = Endpoints[Extract<EndpointName, `${G}.${Name}`>];

/** `gateways.list` and so on: the names of the endpoint records, which are the operation ids of the OpenAPI document. */
export type Methods = {
  readonly [G in Group]: { readonly [Name in MethodName<G>]: Method<EndpointAt<G, Name>> };
};
export type SafeMethods = {
  readonly [G in Group]: { readonly [Name in MethodName<G>]: SafeMethod<EndpointAt<G, Name>> };
};
