import type { BodyOf, Endpoint, ParamsOf, QueryOf, ResponseOf } from '@headgate/contract';
import type { Clock } from '../lib/index.ts';
import type { ControlStore, Write } from '../stores/control-ports.ts';
import type { LogStore, TokenIdentity } from '../stores/ports.ts';

export interface ApiDeps {
  control: ControlStore;
  logs: LogStore;
  clock: Clock;
  /** Scheme and host under which clients reach us, e.g. `https://gateway.example.com`. */
  publicOrigin: (request: Request) => string;
  version: string;
  /** Told of errors that no client can act on. */
  report: (error: unknown, context: string) => void;
}

/** One valid, authorised call of an endpoint. */
export interface Call<E extends Endpoint> {
  params: ParamsOf<E>;
  query: QueryOf<E>;
  body: BodyOf<E>;
  token: TokenIdentity;
  /** Handed to every write: who makes it, and the revision it builds on. */
  write: Write;
  request: Request;
}

export interface Page<T> {
  items: T[];
  totalCount: number;
  /** Further numbers for `result_info`. */
  statistics?: Record<string, number>;
}

/** What a handler gives back for each kind of reply. */
export type Answer<E extends Endpoint> = E['reply'] extends 'page'
  ? Page<ResponseOf<E>>
  : E['reply'] extends 'bytes'
    ? Response
    : ResponseOf<E>;

export type Handler<E extends Endpoint> = (call: Call<E>) => Answer<E> | Promise<Answer<E>>;

/** One handler for every endpoint of a set: leaving one out does not compile. */
export type Handlers<Set extends Record<string, Endpoint>> = { [Name in keyof Set]: Handler<Set[Name]> };
