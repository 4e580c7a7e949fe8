import { type Recording, requestBytes, responseBytes } from '../support/recordings.ts';
import type { Headgate } from '../support/headgate.ts';
import { GENERIC_SLUG, gatewayPath } from './gateway-path.ts';

/** One call of one recording. */
export interface Outcome {
  id: string;
  provider: string;
  kind: string;
  dialect: string;
  /** How the upstream cut the answer. */
  chunks: string;
  /** Where status, content type or body differ from what the upstream sent; empty when they do not. */
  wire: string[];
  /** Where the log row differs from the recording's expectation; null when it was not looked at. */
  log: string[] | null;
}

export interface CheckInput {
  recording: Recording;
  chunks: string;
  headgate: Pick<Headgate, 'origin' | 'accountId' | 'api'>;
  gatewayId: string;
  /** Whether the log row is compared. */
  readLog: boolean;
}

/** Sends one recorded request through the gateway and compares what came back and what was logged. */
export async function check({ recording, chunks, headgate, gatewayId, readLog }: CheckInput): Promise<Outcome> {
  const { id, provider, kind, dialect } = recording;
  const outcome: Outcome = { id, provider, kind, dialect, chunks, wire: [], log: readLog ? [] : null };
  try {
    const response = await send({ recording, chunks, headgate, gatewayId, readLog });
    const body = Buffer.from(await response.arrayBuffer());
    outcome.wire = wireDifferences(recording, response, body);
    if (readLog) outcome.log = logDifferences(recording, await readRow(headgate, gatewayId, response));
  } catch (error) {
    outcome.wire.push(`the call failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return outcome;
}

function send({ recording, chunks, headgate, gatewayId }: CheckInput): Promise<Response> {
  const { slug, path } = gatewayPath(recording);
  const body = requestBytes(recording);
  return fetch(`${headgate.origin}/v1/${headgate.accountId}/${gatewayId}/${slug}/${path}`, {
    method: recording.request.method,
    headers: { ...recording.request.headers, 'x-replay-id': recording.id, 'x-replay-chunks': chunks },
    ...(body === null ? {} : { body }),
    // The bytes as sent, whatever their coding.
    decompress: false,
    redirect: 'manual',
  });
}

function wireDifferences(recording: Recording, response: Response, body: Buffer): string[] {
  const { status, headers } = recording.response;
  const sent = responseBytes(recording);
  return differences([
    ['status', response.status, status],
    ['content-type', response.headers.get('content-type'), headers['content-type'] ?? null],
    ['body', body.equals(sent) ? 'as sent' : describeBody(body, sent), 'as sent'],
  ]);
}

function describeBody(body: Buffer, sent: Buffer): string {
  let at = 0;
  while (at < body.length && body[at] === sent[at]) at += 1;
  return `${body.length} of ${sent.length} bytes, first difference at ${at}: ${JSON.stringify(body.toString('utf8', at, at + 80))}`;
}

interface LogRow {
  status_code: number;
  success: boolean;
  model: string;
  finish_reason: string | null;
  error: { message: string } | null;
  streamed: boolean;
  /** The first characters of the body, of a stream its text. */
  response_head: string | null;
  response_head_complete: boolean;
  tokens_in: number | null;
  tokens_out: number | null;
  usage_metadata: Record<string, number> | null;
  /** The counters are the gateway's, not the provider's. */
  estimated: boolean;
}

const NOTHING_TOLD = { tokens_in: null, tokens_out: null, usage_metadata: null };

function logDifferences(recording: Recording, row: LogRow): string[] {
  const { expected, response } = recording;
  // What was counted here is marked, and says that the provider told nothing.
  const { tokens_in, tokens_out, usage_metadata } = row.estimated ? NOTHING_TOLD : row;
  const used = (name: string) => usage_metadata?.[name] ?? null;
  return differences([
    ['status_code', row.status_code, response.status],
    ['success', row.success, response.status < 400 && expected.error === null],
    ['model', row.model, expectedModel(recording) ?? row.model],
    ['tokens_in', tokens_in, expected.tokens_in],
    ['tokens_out', tokens_out, expected.tokens_out],
    ['usage_metadata.total_tokens', used('total_tokens'), expected.tokens_total],
    ['usage_metadata.input_cached_tokens', used('input_cached_tokens'), expected.cache_read_tokens],
    ['usage_metadata.input_cache_write_tokens', used('input_cache_write_tokens'), expected.cache_write_tokens],
    ['usage_metadata.output_reasoning_tokens', used('output_reasoning_tokens'), expected.reasoning_tokens],
    ['finish_reason', row.finish_reason, expected.finish_reason || null],
    ['error.message', row.error?.message ?? null, expected.error && (expected.error.message ?? '')],
    ['text', ...loggedText(recording, row)],
  ]);
}

/** The reassembled text of a stream, as far as the row shows it, and what it should be. */
function loggedText({ expected }: Recording, row: LogRow): [got: unknown, wanted: unknown] {
  if (!row.streamed || !expected.text) return [null, null];
  const head = row.response_head ?? '';
  return [head, row.response_head_complete ? expected.text : expected.text.slice(0, head.length)];
}

/**
 * The model that the answer names, else the one that was asked for; null when it cannot be known: a path that goes through
 * the generic slug means nothing to its rule.
 */
function expectedModel({ provider, request, expected }: Recording): string | null {
  if (expected.model !== null && expected.model !== '') return expected.model;
  const generic = gatewayPath({ provider, request }).slug === GENERIC_SLUG && provider !== GENERIC_SLUG;
  const inBody = typeof request.body === 'object' && request.body !== null && 'model' in request.body;
  return generic && !inBody ? null : request.model;
}

function differences(compared: readonly (readonly [name: string, got: unknown, wanted: unknown])[]): string[] {
  return compared
    .filter(([, got, wanted]) => got !== wanted)
    .map(([name, got, wanted]) => `${name} is ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
}

const ROW_WITHIN_MS = 5_000;
const ROW_AGAIN_MS = 20;

/** The row is committed after the last byte has gone out: read it until it is there. */
async function readRow(headgate: CheckInput['headgate'], gatewayId: string, response: Response): Promise<LogRow> {
  const id = response.headers.get('cf-aig-log-id');
  if (id === null) throw new Error('the answer has no cf-aig-log-id');
  const until = performance.now() + ROW_WITHIN_MS;
  for (;;) {
    const read = await headgate.api('GET', `ai-gateway/gateways/${gatewayId}/logs/${id}`);
    if (read.ok) return ((await read.json()) as { result: LogRow }).result;
    const text = await read.text();
    if (read.status !== 404 || performance.now() > until) throw new Error(`log ${id}: ${read.status} ${text}`);
    await new Promise((resolve) => setTimeout(resolve, ROW_AGAIN_MS));
  }
}
