import {
  createReader,
  type FormatName,
  formatForPath,
  type Reading,
  readRealtime,
} from '../../packages/server/src/formats/index.ts';
import { bodyBytes, type Recording } from '../fixtures/recordings/load.ts';

/** The format that the path of a recorded request suggests; sessions have none. */
export function pathFormat({ request, stream_format: format }: Recording): FormatName {
  return format === 'websocket' ? 'unknown' : formatForPath(new URL(request.url).pathname);
}

/** Reads a recorded answer in one piece, or a recorded session. */
export function readRecording(recording: Recording, format: FormatName): Reading {
  const { response } = recording;
  if (recording.stream_format === 'websocket') return readRealtime(response.frames ?? []);
  const reader = createReader({
    format,
    status: response.status,
    contentType: response.headers['content-type'] ?? null,
    header: (name) => response.headers[name] ?? null,
  });
  reader.push(bodyBytes(recording));
  return reader.end();
}

/** What is compared, in the words of the recordings. */
export function summaryOf(reading: Reading) {
  const { usage, error, extra } = reading;
  return {
    model: reading.model,
    response_id: reading.responseId,
    finish_reason: reading.finishReason,
    tokens_in: usage?.input ?? null,
    tokens_out: usage?.output ?? null,
    tokens_total: usage?.total ?? null,
    tokens_in_full: usage?.inputFull ?? null,
    cache_read_tokens: usage?.cacheRead ?? null,
    cache_write_tokens: usage?.cacheWrite ?? null,
    reasoning_tokens: usage?.reasoning ?? null,
    text: reading.text,
    reasoning_text: reading.reasoningText,
    refusal: reading.refusal,
    tool_calls: reading.toolCalls,
    error: error && { type: error.type, code: error.code, message: error.message, http_status: error.httpStatus },
    stream: reading.stream,
    extra: {
      cache_write_1h: usage?.cacheWrite1h ?? null,
      tool_use_prompt_tokens: usage?.toolUsePrompt ?? null,
      images: usage?.units.images ?? null,
      counted_tokens: extra.counted_tokens ?? null,
      cost: extra.cost ?? null,
      billed_units: extra.billed_units ?? null,
      tokens: extra.tokens ?? null,
      tool_plan: extra.tool_plan ?? null,
      vectors: extra.vectors ?? null,
      results: extra.results ?? null,
      turns: extra.turns ?? null,
      setup_model: extra.setup_model ?? null,
      block_reason: extra.block_reason ?? null,
      native_finish_reason: extra.native_finish_reason ?? null,
    },
  };
}

export type Summary = ReturnType<typeof summaryOf>;

/** The expectation in the same form, with the readings that `disputes.md` explains. */
export function expectedSummary(recording: Recording): Omit<Summary, 'extra'> & { extra: Partial<Summary['extra']> } {
  const { expected, dialect } = recording;
  const { error, stream, usage_raw: _raw, extra, ...rest } = expected;
  const wordless = dialect === 'cohere-v2' && stream !== null && rest.text === '';
  return {
    model: rest.model || null,
    response_id: rest.response_id ?? cohereResponseId(recording),
    finish_reason: rest.finish_reason || null,
    tokens_in: rest.tokens_in,
    tokens_out: rest.tokens_out,
    tokens_total: rest.tokens_total,
    tokens_in_full: rest.tokens_in_full,
    cache_read_tokens: rest.cache_read_tokens,
    cache_write_tokens: rest.cache_write_tokens,
    reasoning_tokens: rest.reasoning_tokens,
    text: wordless ? null : rest.text,
    reasoning_text: rest.reasoning_text,
    refusal: rest.refusal || null,
    tool_calls: rest.tool_calls.filter((call) => call.id !== null || call.name !== ''),
    error: error && {
      type: error.type ?? null,
      code: error.code ?? null,
      message: error.message ?? null,
      http_status: error.http_status,
    },
    // Where the end of a stream can't be told, none may be claimed.
    stream: stream && {
      events: stream.events,
      done: stream.done_marker ?? false,
      ended: stream.complete ?? false,
      malformed: 0,
    },
    extra: extra ?? {},
  };
}

function cohereResponseId({ dialect, response }: Recording): string | null {
  if (dialect !== 'cohere-v1') return null;
  const { response_id: id } = JSON.parse(response.body ?? '{}') as { response_id?: string };
  return id ?? null;
}

/**
 * Where a reading differs from what its recording expects, field by field; empty where it does not. Of the extras, those
 * that the recording has are compared.
 */
export function readingDifferences(recording: Recording, reading: Reading): string[] {
  const [got, wanted] = [summaryOf(reading), expectedSummary(recording)];
  // Sessions: the recordings sum the main counters only.
  if (recording.stream_format === 'websocket') got.reasoning_tokens = wanted.reasoning_tokens;
  const fields = Object.keys(got).filter((name) => name !== 'extra') as Exclude<keyof Summary, 'extra'>[];
  const extras = (Object.keys(got.extra) as (keyof Summary['extra'])[]).filter((name) => name in wanted.extra);
  return [
    ...fields.map((name) => difference(name, got[name], wanted[name])),
    ...extras.map((name) => difference(`extra.${name}`, got.extra[name], wanted.extra[name])),
  ].filter((found) => found !== null);
}

function difference(name: string, got: unknown, wanted: unknown): string | null {
  if (Bun.deepEquals(got, wanted, false)) return null;
  return `${name} is read as ${short(got)}, expected ${short(wanted)}`;
}

const short = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
