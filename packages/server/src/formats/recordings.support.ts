/** The recorded provider traffic of `test/fixtures/recordings`, as reader inputs and expected readings. */
import { readdirSync, readFileSync } from 'node:fs';
import { formatForPath } from './path.ts';
import { createReader } from './reader.ts';
import type { FormatName, Reading, ReadError, ToolCall } from './reading.ts';

const FOLDER = new URL('../../../../test/fixtures/recordings/', import.meta.url);

export interface Expected {
  model: string | null;
  response_id: string | null;
  finish_reason: string | null;
  tokens_in: number | null;
  tokens_out: number | null;
  tokens_total: number | null;
  tokens_in_full: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  reasoning_tokens: number | null;
  text: string | null;
  reasoning_text: string | null;
  refusal: string | null;
  tool_calls: ToolCall[];
  error: { type: string | null; code: string | number | null; message: string | null; http_status: number } | null;
  usage_raw: unknown;
  stream: { events: number; done_marker?: boolean; complete: boolean | null } | null;
  extra: Record<string, unknown> | null;
}

export interface RecordedFrame {
  direction: 'sent' | 'received' | 'closed';
  data: unknown;
}

export interface Recording {
  id: string;
  provider: string;
  dialect: string;
  stream_format: string | null;
  request: { url: string; method: string; body?: unknown; body_encoding: string; model: string | null };
  response: {
    status: number;
    headers: Record<string, string>;
    body?: string;
    body_encoding?: 'utf8' | 'base64';
    frames?: RecordedFrame[];
  };
  expected: Expected;
}

export function loadRecordings(): Recording[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Recording[]);
}

export function bodyBytes({ response }: Recording): Uint8Array {
  const { body = '', body_encoding } = response;
  return body_encoding === 'base64' ? Buffer.from(body, 'base64') : new TextEncoder().encode(body);
}

export function pathFormat(recording: Recording): FormatName {
  return formatForPath(new URL(recording.request.url).pathname);
}

/** Reads the recorded answer, its bytes cut into the given chunk sizes in turn (all at once without any). */
export function readRecording(recording: Recording, format: FormatName, chunkSizes: readonly number[] = []): Reading {
  const { status, headers } = recording.response;
  const reader = createReader({
    format,
    status,
    contentType: headers['content-type'] ?? null,
    header: (name) => headers[name] ?? null,
  });
  for (const chunk of chunksOf(bodyBytes(recording), chunkSizes)) reader.push(chunk);
  return reader.end();
}

export function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  if (sizes.length === 0) yield bytes;
  for (let at = 0, turn = 0; sizes.length > 0 && at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.slice(at, at + size);
    at += size;
  }
}

/** What is compared, in the words of the recordings. */
export function summaryOf(reading: Reading) {
  const { usage } = reading;
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
    error: errorSummary(reading.error),
    stream: reading.stream && {
      events: reading.stream.events,
      done: reading.stream.done,
      ended: reading.stream.ended,
      malformed: reading.stream.malformed,
    },
  };
}

function errorSummary(error: ReadError | null) {
  return error && { type: error.type, code: error.code, message: error.message, http_status: error.httpStatus };
}

/** The expectation in the same form. Where the end of a stream can't be told, none is claimed. */
export function expectedSummary({ expected }: Recording): ReturnType<typeof summaryOf> {
  const { error, stream } = expected;
  const { type, code, message, http_status } = error ?? {};
  return {
    model: expected.model,
    response_id: expected.response_id,
    finish_reason: expected.finish_reason,
    tokens_in: expected.tokens_in,
    tokens_out: expected.tokens_out,
    tokens_total: expected.tokens_total,
    tokens_in_full: expected.tokens_in_full,
    cache_read_tokens: expected.cache_read_tokens,
    cache_write_tokens: expected.cache_write_tokens,
    reasoning_tokens: expected.reasoning_tokens,
    text: expected.text,
    reasoning_text: expected.reasoning_text,
    refusal: expected.refusal,
    tool_calls: expected.tool_calls,
    error: error && {
      type: type ?? null,
      code: code ?? null,
      message: message ?? null,
      http_status: http_status ?? null,
    },
    stream: stream && {
      events: stream.events,
      done: stream.done_marker ?? false,
      ended: stream.complete ?? false,
      malformed: 0,
    },
  };
}
