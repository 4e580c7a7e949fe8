/**
 * The port of everything that is configured: gateways, tokens, and what hangs on them. Written by the management API and
 * the CLI, read by both faces. No SQL words here.
 */
import type {
  DatasetBody,
  EvaluationParameters,
  EvaluationTypeId,
  GatewaySettings,
  RouteElement,
  TokenPolicy,
} from '@headgate/contract';
import type { ConfigSnapshot, Permission } from './snapshot-ports.ts';

/** Who makes a change, for the audit log. */
export interface Actor {
  kind: 'token' | 'system';
  /** The token's id, or the name of the part of the system. */
  id: string;
  name: string;
}

/** What every write is given. */
export interface Write {
  actor: Actor;
  /** From `If-Match`: the write throws `apiPreconditionFailed` when the entry's version is none of these. */
  versions?: readonly string[];
}

/** Where entries of one collection live: an account, and below it a parent entry (empty for account-level ones). */
export interface Scope {
  accountId: string;
  parent: string;
}

/** One stored thing. `data` is the collection's own; the rest is kept by the store. */
export interface Entry<Data> {
  id: string;
  accountId: string;
  parent: string;
  /** Unique within the scope: what a taken gateway id, slug or alias collides on. */
  name: string;
  data: Data;
  createdAtMs: number;
  modifiedAtMs: number;
  /** Another one after every change. */
  version: string;
}

export interface ListQuery<Data> {
  /** From 1. */
  page: number;
  perPage: number;
  /** Only entries for which it holds. */
  match?: (entry: Entry<Data>) => boolean;
  /** Default: order of creation, oldest first. */
  compare?: (a: Entry<Data>, b: Entry<Data>) => number;
}

export interface EntryPage<Data> {
  items: Entry<Data>[];
  totalCount: number;
}

export interface NewEntry<Data> {
  /** Left out: made by the store. */
  id?: string;
  /** Left out: its id. */
  name?: string;
  data: Data;
}

export interface EntryChange<Data> extends Write {
  to(current: Entry<Data>): { name?: string; data: Data };
}

/** Entries of one kind. */
export interface Collection<Data> {
  list(scope: Scope, query: ListQuery<Data>): Promise<EntryPage<Data>>;
  get(scope: Scope, id: string): Promise<Entry<Data> | null>;
  /** By its unique name. */
  find(scope: Scope, name: string): Promise<Entry<Data> | null>;
  /** Throws `apiConflict` when the name is taken. */
  create(scope: Scope, entry: NewEntry<Data>, write: Write): Promise<Entry<Data>>;
  /** Reads, changes and writes in one go; null when there is no such entry. Throws as `create` does. */
  update(scope: Scope, id: string, change: EntryChange<Data>): Promise<Entry<Data> | null>;
  /** Removes the entry and everything below it. Returns what was removed, or null. */
  remove(scope: Scope, id: string, write: Write): Promise<Entry<Data> | null>;
}

export interface NewToken {
  name: string;
  permissions: Permission[];
  /** Null: all gateways. */
  gateways: string[] | null;
  /** Left out: one policy that grants `permissions` on `gateways`. */
  policies?: TokenPolicy[];
  expiresAtMs?: number | null;
  notBeforeMs?: number | null;
  /** Left out: a random one. */
  value?: string;
}

export interface TokenRecord {
  id: string;
  accountId: string;
  name: string;
  permissions: Permission[];
  gateways: string[] | null;
  policies: TokenPolicy[];
  disabled: boolean;
  expiresAtMs: number | null;
  notBeforeMs: number | null;
  createdAtMs: number;
  modifiedAtMs: number;
  version: string;
}

/** The fields that a change may set. */
export type TokenChange = Partial<
  Pick<TokenRecord, 'name' | 'permissions' | 'gateways' | 'policies' | 'disabled' | 'expiresAtMs' | 'notBeforeMs'>
>;

/** Tokens. Only a hash of the value is kept. Writes without `write` count as made at the command line. */
export interface TokenStore {
  /** Returns the value, which can't be read again. */
  create(accountId: string, token: NewToken, write?: Write): Promise<{ token: TokenRecord; value: string }>;
  all(accountId: string): Promise<TokenRecord[]>;
  get(accountId: string, id: string): Promise<TokenRecord | null>;
  update(accountId: string, id: string, change: TokenChange & { write: Write }): Promise<TokenRecord | null>;
  /** Sets a new value and returns it; null when there is no such token. */
  roll(accountId: string, id: string, write?: Write): Promise<string | null>;
  delete(accountId: string, id: string, write?: Write): Promise<boolean>;
}

export interface ProviderConfigData {
  alias: string;
  providerSlug: string;
  isDefault: boolean;
  rateLimit: number | null;
  rateLimitSeconds: number | null;
  /** Null, or absent in what an older version stored: 1. */
  weight?: number | null;
  storeId: string;
  secretId: string;
  /** Whether the secret was made with the config, and goes with it. */
  ownsSecret: boolean;
}

export interface SecretData {
  comment: string;
  scopes: ('workers' | 'ai_gateway' | 'dex' | 'access' | 'containers' | 'websearch')[];
  value: string;
}

export interface CustomProviderData {
  title: string;
  baseUrl: string;
  description: string | null;
  link: string | null;
  enable: boolean;
  beta: boolean;
  curlExample: string | null;
  jsExample: string | null;
  /** JSON text. */
  headers: string | null;
  position: number | null;
}

/** An account's own price of a model for a time. */
export interface PriceData {
  provider: string;
  model: string;
  /** US dollars for one unit as decimal texts, by the wire's names of rates. */
  rates: Record<string, string>;
  tiers: { above: number; rates: Record<string, string> }[];
  fromMs: number | null;
  untilMs: number | null;
}

export interface RepriceCounts {
  rows: number;
  changed: number;
  /** Rows whose cost was not known before, and is not known after. */
  unknownBefore: number;
  unknownAfter: number;
  /** Sum of new less old costs, unknown ones counted as 0, in pico-dollars as decimal text. */
  differencePico: string;
}

/** Working out anew what past calls of a gateway cost. */
export interface RepriceData {
  state: 'running' | 'done' | 'failed' | 'interrupted';
  sinceMs: number;
  untilMs: number;
  dryRun: boolean;
  /** What went wrong; null while nothing did. */
  error: string | null;
  finishedAtMs: number | null;
  total: RepriceCounts;
  /** Most changed first. */
  models: (RepriceCounts & { provider: string; model: string })[];
}

/** What serves a route's traffic. */
export interface RouteData {
  elements: RouteElement[];
  version: { id: string; createdAtMs: number };
  deployment: { id: string; createdAtMs: number };
}

export interface EvaluationData {
  title: string;
  /** As they were when the evaluation was made. */
  datasets: Entry<DatasetData>[];
  /** Of the types that have some. */
  parameters: EvaluationParameters;
  processed: boolean;
  totalLogs: number;
  results: EvaluationResult[];
}

export interface EvaluationResult {
  id: string;
  typeId: EvaluationTypeId;
  state: 'waiting' | 'done' | 'failed';
  /** Empty when there was no log to look at. */
  result: string;
  totalLogs: number;
  modifiedAtMs: number;
}

export interface DatasetData extends Omit<DatasetBody, 'name'> {
  title: string;
}

export interface ControlCollections {
  /** Named by gateway id; the entry's own id is the internal one, the log store's `gatewayKey`. */
  gateways: Collection<GatewaySettings>;
  /** Below a gateway. */
  providerConfigs: Collection<ProviderConfigData>;
  secretStores: Collection<Record<string, never>>;
  /** Below a store. */
  secrets: Collection<SecretData>;
  /** Named by slug. */
  customProviders: Collection<CustomProviderData>;
  /** Named by provider, model and start. */
  prices: Collection<PriceData>;
  /** Below a gateway. */
  reprices: Collection<RepriceData>;
  /** Below a gateway. */
  routes: Collection<RouteData>;
  /** Below a route. */
  routeVersions: Collection<{ elements: RouteElement[] }>;
  /** Below a route. */
  routeDeployments: Collection<{ versionId: string }>;
  /** Below a gateway. */
  datasets: Collection<DatasetData>;
  /** Below a gateway. */
  evaluations: Collection<EvaluationData>;
}

/** One change, as it was made. */
export interface AuditRecord {
  id: string;
  accountId: string;
  atMs: number;
  actor: Actor;
  action: 'create' | 'update' | 'delete';
  /** Of the entry, e.g. `gateway`, `provider_config`. */
  kind: string;
  entryId: string;
  entryName: string;
  /** The data before and after, without what is encrypted at rest; null where there was none. */
  before: unknown;
  after: unknown;
}

export interface AuditQuery {
  /** From 1. */
  page: number;
  perPage: number;
  id?: string;
  action?: AuditRecord['action'];
  /** Inclusive. */
  sinceMs?: number;
  /** Exclusive. */
  beforeMs?: number;
  direction: 'asc' | 'desc';
}

/** Everything configured, with the in-memory view that the data plane reads. */
export interface ControlStore extends ControlCollections {
  readonly snapshot: ConfigSnapshot;
  readonly tokens: TokenStore;
  audit(accountId: string, query: AuditQuery): Promise<{ items: AuditRecord[]; totalCount: number }>;
  /** Runs several writes as one: all of them or none. Inside use only the collections that `work` is given. */
  atomically<T>(work: (collections: ControlCollections) => Promise<T>): Promise<T>;
  /** Keys of deleted gateways whose logs may still be there. */
  removedGateways(): Promise<string[]>;
  /** Forgets a deleted gateway: its logs are gone. */
  forgetGateway(gatewayKey: string): Promise<void>;
  /** Evaluations that are not processed yet, of all gateways. */
  pendingEvaluations(): Promise<Entry<EvaluationData>[]>;
  /** Repricings that are not finished, of all gateways. */
  unfinishedReprices(): Promise<Entry<RepriceData>[]>;
  /**
   * Makes sure that the account opened with has an administrator's token. A given value becomes (or replaces) that
   * token's value. Without one, a value is made when there is no such token yet, and returned; else null.
   */
  ensureAdminToken(value: string | null): Promise<string | null>;
  close(): Promise<void>;
}
