import { describe, expect, test } from 'bun:test';
import { bodyBytes, loadRecordings, type Recording } from '../../../../test/fixtures/recordings/load.ts';
import { createReader, type FormatName, formatForPath, type Reading, readRealtime } from './index.ts';

/** The format that each kind of recorded answer is read as; null takes the guess from its path. */
const FORMATS: Record<string, FormatName | null> = {
  'anthropic-complete': 'anthropic-messages',
  'anthropic-messages': 'anthropic-messages',
  'bedrock-converse': 'bedrock-converse',
  'bedrock-embed': 'bedrock-invoke',
  'bedrock-invoke': 'bedrock-invoke',
  'cohere-v1': 'cohere-v1',
  'cohere-v2': 'cohere-v2',
  count_tokens: null,
  embeddings: null,
  empty: null,
  gemini: 'google-generate',
  images: 'openai-images',
  object: null,
  ollama: 'ollama',
  opaque: null,
  'openai-assistants-stream': null,
  'openai-chat': 'openai-chat',
  'openai-completions': 'openai-completions',
  'openai-responses': 'openai-responses',
  replicate: 'replicate',
  rerank: 'cohere-rerank',
  tgi: 'tgi',
  watsonx: null,
  'writer-completions': 'openai-completions',
};

const recordings = loadRecordings();
const answers = recordings.filter((recording) => recording.stream_format !== 'websocket');
const streams = answers.filter((recording) => recording.stream_format !== null);
const sessions = recordings.filter((recording) => recording.stream_format === 'websocket');

describe('recorded answers', () => {
  test('are all there', () => {
    expect([answers.length, streams.length, sessions.length]).toEqual([471, 120, 32]);
  });

  test.each(byId(answers))('%s reads as expected in the format of its dialect', (_id, recording) => {
    expect(summaryOf(readWhole(recording, formatOf(recording)))).toEqual(expectedSummary(recording));
  });

  test.each(byId(answers))('%s reads the same in the format that its path suggests', (_id, recording) => {
    expect(summaryOf(readWhole(recording, pathFormat(recording)))).toEqual(expectedSummary(recording));
  });

  test.each(byId(answers))('%s reads the same when the format is unknown', (_id, recording) => {
    expect(summaryOf(readWhole(recording, 'unknown'))).toEqual(expectedSummary(recording));
  });

  test.each(byId(streams))('%s reads the same byte by byte', (_id, recording) => {
    const reader = readerFor(recording, formatOf(recording));
    const bytes = bodyBytes(recording);
    for (let at = 0; at < bytes.length; at += 1) reader.push(bytes.slice(at, at + 1));
    expect(reader.end()).toEqual(readWhole(recording, formatOf(recording)));
  });

  test.each(byId(sessions))('%s sums the counters of its turns', (_id, recording) => {
    const { reasoning_tokens: _summed, ...summary } = summaryOf(readRealtime(recording.response.frames ?? []));
    const { reasoning_tokens: _absent, ...wanted } = expectedSummary(recording);
    expect(summary).toEqual(wanted);
  });
});

function byId(list: readonly Recording[]): [string, Recording][] {
  return list.map((recording) => [recording.id, recording]);
}

function pathFormat(recording: Recording): FormatName {
  return formatForPath(new URL(recording.request.url).pathname);
}

function formatOf(recording: Recording): FormatName {
  return FORMATS[recording.dialect] ?? pathFormat(recording);
}

function readerFor({ response }: Recording, format: FormatName) {
  return createReader({
    format,
    status: response.status,
    contentType: response.headers['content-type'] ?? null,
    header: (name) => response.headers[name] ?? null,
  });
}

function readWhole(recording: Recording, format: FormatName): Reading {
  const reader = readerFor(recording, format);
  reader.push(bodyBytes(recording));
  return reader.end();
}

/** What is compared, in the words of the recordings. */
function summaryOf(reading: Reading) {
  const { usage, error } = reading;
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
  };
}

/** The expectation in the same form, with the readings that `test/conformance/disputes.md` explains. */
function expectedSummary(recording: Recording): ReturnType<typeof summaryOf> {
  const { expected, dialect } = recording;
  const { error, stream, usage_raw: _raw, extra: _extra, ...rest } = expected;
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
  };
}

function cohereResponseId({ dialect, response }: Recording): string | null {
  if (dialect !== 'cohere-v1') return null;
  const { response_id: id } = JSON.parse(response.body ?? '{}') as { response_id?: string };
  return id ?? null;
}
