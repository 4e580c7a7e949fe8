import type { Refusal } from '@headgate/contract';
import type { Fields } from '../lib/index.ts';
import type { FormatName, Reading, RequestReading } from '../formats/index.ts';
import type { CustomCost } from '../pricing/index.ts';
import type { ProviderRow, RetentionSwitch, Target } from '../providers/index.ts';
import type { Reservation } from '../stores/counter-ports.ts';
import type { MetadataValue, UsageSource, ZeroRetention } from '../stores/log-ports.ts';
import type { GatewayPolicy, TokenIdentity } from '../stores/snapshot-ports.ts';
import type { CallOptions } from './options.ts';
import type { Leaving } from './leaving.ts';
import { ownPieces, type Pieces, storedPieces } from './pieces.ts';
import type { Stages } from './stages.ts';
import type { RateStanding } from './steps/limit-rate.ts';

/**
 * The stages of one call. Each step of the walk takes the type of the step before and returns a narrower one, so that
 * leaving a step out does not compile.
 */

/** After `locate`: which gateway, which provider path. Nothing is authenticated yet. */
export interface LocatedCall {
  readonly request: Request;
  readonly trail: Trail;
  /** The client may leave. */
  readonly client: Leaving;
  /** The client's header fields as sent, our tokens among them. */
  readonly sent: Fields;
  readonly accountId: string;
  readonly gatewayId: string;
  /** Null only for `default` before its first authenticated call. */
  readonly gateway: GatewayPolicy | null;
  /** As in the URL, not looked up yet. */
  readonly providerSlug: string;
  /** After the slug, percent-encoding as sent, no leading slash. */
  readonly path: string;
  /** With its `?`, as sent, or empty. */
  readonly query: string;
  /** The cache's epoch as the call began: from there on settings, providers and keys are looked up. */
  readonly cacheEpoch: number;
}

/** After `authenticate`: the caller may use this gateway; our own tokens are gone from headers and query. */
export interface AdmittedCall extends LocatedCall {
  readonly gateway: GatewayPolicy;
  readonly identity: TokenIdentity | null;
  /** Client headers that may go upstream. */
  readonly headers: Fields;
  /** What the request's own `cf-aig-*` headers ask for. */
  readonly options: CallOptions;
}

/** After `read-body`: bytes in hand, read once. */
export interface ReadCall extends AdmittedCall {
  /** Null when the request has no body. */
  readonly body: Uint8Array | null;
}

/** After `plan-route`: one upstream request, ready to be sent. A universal call has several, tried in order. */
export interface Step {
  readonly index: number;
  readonly provider: ProviderRow;
  readonly target: Target;
  readonly format: FormatName;
  readonly method: string;
  /** What goes upstream, without a stored credential. */
  readonly headers: Fields;
  readonly query: string;
  readonly body: Uint8Array | null;
  readonly asked: RequestReading;
  /** The stream's usage is asked for upstream and hidden from the client. */
  readonly asksUsage: boolean;
  /** The provider's switch against keeping the request, where the call wants that and the provider has one. */
  readonly retentionSwitch: RetentionSwitch | null;
  readonly options: CallOptions;
}

/** What an attempt gave: the provider's answer. */
export interface Opened {
  readonly step: Step;
  readonly trail: Trail;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Fields;
  /** Bytes where it was short and is here already, a stream where it is still to be read. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Aborting it cancels the upstream request. */
  readonly upstream: AbortController;
  /** Where the answer is shared, its row is settled as its body ends, whoever reads it: resolves then. Else null. */
  readonly row: Promise<void> | null;
}

/** An attempt, or a whole step, that gave no answer. */
export interface Failed {
  readonly trail: Trail;
  readonly refusal: Refusal;
}

/** Starts the next attempt of a call: its trail, with what a row says of the step. */
export type Begin = (step: Step) => Trail;

/** What goes back to the client, wherever it comes from. */
export interface Answer {
  readonly step: Step;
  readonly trail: Trail;
  readonly status: number;
  readonly statusText: string;
  /** Shared with other callers: not to be changed. */
  readonly headers: Fields;
  readonly pieces: Pieces | null;
  /** As in `Opened`: null where the reply settles the row. */
  readonly row: Promise<void> | null;
}

/** An attempt's answer for its own caller alone. */
export function answerOf({ step, trail, status, statusText, headers, body, upstream, row }: Opened): Answer {
  return { step, trail, status, statusText, headers, row, pieces: piecesOf(body, upstream) };
}

function piecesOf(body: Opened['body'], upstream: AbortController): Pieces | null {
  if (body === null) return null;
  return body instanceof Uint8Array ? storedPieces(body) : ownPieces(body, upstream);
}

/** The usage that a stream was asked for and its client is not shown. */
export interface HiddenUsage {
  /** The event, as the provider sent it; null as long as it has not come. */
  readonly event: Uint8Array | null;
}

/** How the body of an answer ended. */
export type BodyEnd = 'done' | 'cancelled' | 'truncated';

/** What happened to one attempt of a call, on its way to becoming a log row. Filled by the steps, read by `settle`. */
export interface Trail {
  readonly id: string;
  readonly startedAtMs: number;
  /** Monotonic twin of `startedAtMs`. */
  readonly startedMono: number;
  /** Null until a gateway is known: without one there is nowhere to log to. */
  gateway: GatewayPolicy | null;
  /** An attempt has been made under this trail. */
  begun: boolean;
  /** The row is written: what happens later changes nothing. */
  settled: boolean;
  /** The opening that several callers share settles it, not the call that began it. */
  shared: boolean;
  eventId: string;
  /** The surface: `native` or `universal`. */
  requestType: string;
  method: string;
  provider: string;
  path: string;
  modelAsked: string;
  format: FormatName;
  step: number;
  userAgent: string | null;
  metadata: Record<string, MetadataValue> | null;
  authenticated: boolean;
  /** Whose key went upstream: a stored one, or the operator's. */
  byok: boolean;
  wholesale: boolean;
  customCost: CustomCost | null;
  /** What the attempt holds of spend limits until it is settled. */
  reservation: Reservation | null;
  /** Ids of spend rules that only observe and would have refused the attempt. */
  limitsObserved: readonly string[];
  /** Whether the provider was asked not to keep the attempt, where that was wanted; null: not wanted, or nothing was sent. */
  zeroRetention: ZeroRetention | null;
  /** The answer came out of the cache or from an identical call under way. */
  cached: boolean;
  /** Null where the call is not cached at all. */
  cacheStatus: 'HIT' | 'MISS' | null;
  /** Whether a row is wanted, and whether with bodies. */
  collect: boolean;
  collectPayload: boolean;
  requestContentType: string | null;
  requestSize: number;
  requestBody: Uint8Array | null;
  latencyMs: number | null;
  /** From the start to the first piece of a streamed answer, in milliseconds. */
  firstPieceMs: number | null;
  /** Where the call stands in the gateway's rate limit; null where it was not counted. On the first attempt's trail. */
  rate: RateStanding | null;
  /** Time by stage; `lapMono` is the end of the last one. */
  readonly stages: Stages;
  lapMono: number;
  statusCode: number;
  responseContentType: string | null;
  responseSize: number;
  streamed: boolean;
  payloadDropped: boolean;
  /** The gateway's own refusal or the upstream failure. */
  error: { code: number | string | null; message: string } | null;
  end: BodyEnd | 'refused' | 'failed' | null;
  responseBody: Uint8Array | null;
  reading: Reading | null;
  /** Where the usage in the reading comes from. */
  usageSource: UsageSource;
  /** When the answer had ended: its row may come later. Monotonic; null where there was none. */
  endedMono: number | null;
  /** What was taken out of the answer on its way; null where nothing is. */
  hidden: HiddenUsage | null;
}
