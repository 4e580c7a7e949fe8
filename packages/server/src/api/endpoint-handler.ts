import type { BodyOf, Endpoint, ParamsOf, QueryOf, ResponseOf } from '@headgate/contract';
import type { Clock } from '../lib/index.ts';
import type { AnswerCache } from '../stores/cache-ports.ts';
import type { ControlStore, RepriceData, Write } from '../stores/control-ports.ts';
import type { LogStore } from '../stores/log-ports.ts';
import type { TokenIdentity } from '../stores/snapshot-ports.ts';

export interface ApiDeps {
  control: ControlStore;
  logs: LogStore;
  cache: Pick<AnswerCache, 'purge' | 'purgeProvider'>;
  clock: Clock;
  /** Scheme and host under which clients reach us, e.g. `https://gateway.example.com`. */
  publicOrigin: (request: Request) => string;
  version: string;
  /** Whether the operator lets this host be private, or be called without TLS. */
  mayBePrivate: (hostname: string) => boolean;
  /** Told that an evaluation was stored and waits to be worked on. */
  evaluationsWaiting: () => void;
  /** How far an evaluation is that is being worked on: logs looked at, of so many. */
  evaluationProgress: (id: string) => { logs: number; of: number } | null;
  /** Told that a repricing was stored and waits to be worked on. */
  repricesWaiting: () => void;
  /** How far a repricing is that is being worked on: what it counted, and how many rows there are (null: not counted yet). */
  repriceProgress: (id: string) => { counted: Pick<RepriceData, 'total' | 'models'>; of: number | null } | null;
  /** Told of errors that no client can act on. */
  report: (error: unknown, context: string) => void;
}

/** One valid, authorised call of an endpoint. */
export interface Call<E extends Endpoint> {
  params: ParamsOf<E>;
  query: QueryOf<E>;
  body: BodyOf<E>;
  token: TokenIdentity;
  /** Handed to every write: who makes it, and the versions that `If-Match` names. */
  write: Write;
  request: Request;
}

export interface Page<T> {
  items: T[];
  totalCount: number;
  /** Further numbers for `result_info`. */
  statistics?: Record<string, number>;
}

/** A result with the version it shows: sent as `ETag`, for `If-Match` on the next write. */
export class Versioned<T> {
  constructor(
    readonly result: T,
    readonly version: string,
  ) {}
}

export function versioned<T>(result: T, { version }: { version: string }): Versioned<T> {
  return new Versioned(result, version);
}

/** What a handler gives back for each kind of reply. */
export type Answer<E extends Endpoint> = E['reply'] extends 'page'
  ? Page<ResponseOf<E>>
  : E['reply'] extends 'bytes'
    ? Response
    : E['reply'] extends 'result'
      ? ResponseOf<E> | Versioned<ResponseOf<E>>
      : ResponseOf<E>;

export type Handler<E extends Endpoint> = (call: Call<E>) => Answer<E> | Promise<Answer<E>>;

/** One handler for every endpoint of a set: leaving one out does not compile. */
export type Handlers<Set extends Record<string, Endpoint>> = { [Name in keyof Set]: Handler<Set[Name]> };
