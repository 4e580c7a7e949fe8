import { describe, expect, test } from 'bun:test';
import { pathFormat, readingDifferences, readRecording } from '../../../../test/conformance/reading.ts';
import { bodyBytes, loadRecordings, type Recording } from '../../../../test/fixtures/recordings/load.ts';
import { createReader, type FormatName } from './index.ts';

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
    expect(readingDifferences(recording, readRecording(recording, formatOf(recording)))).toEqual([]);
  });

  test.each(byId(answers))('%s reads the same in the format that its path suggests', (_id, recording) => {
    expect(readingDifferences(recording, readRecording(recording, pathFormat(recording)))).toEqual([]);
  });

  test.each(byId(answers))('%s reads the same when the format is unknown', (_id, recording) => {
    expect(readingDifferences(recording, readRecording(recording, 'unknown'))).toEqual([]);
  });

  test.each(byId(answers))('%s reads the same in one piece and in two', (_id, recording) => {
    const bytes = bodyBytes(recording);
    const cut = readerFor(recording, formatOf(recording));
    for (const piece of [bytes.slice(0, bytes.length / 2), bytes.slice(bytes.length / 2)]) cut.push(piece);
    expect(readerFor(recording, formatOf(recording)).whole(bytes)).toEqual(cut.end());
  });

  test.each(byId(streams))('%s reads the same byte by byte', (_id, recording) => {
    const reader = readerFor(recording, formatOf(recording));
    const bytes = bodyBytes(recording);
    for (let at = 0; at < bytes.length; at += 1) reader.push(bytes.slice(at, at + 1));
    expect(reader.end()).toEqual(readRecording(recording, formatOf(recording)));
  });

  test.each(byId(sessions))('%s sums the counters of its turns', (_id, recording) => {
    expect(readingDifferences(recording, readRecording(recording, 'unknown'))).toEqual([]);
  });
});

function byId(list: readonly Recording[]): [string, Recording][] {
  return list.map((recording) => [recording.id, recording]);
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
