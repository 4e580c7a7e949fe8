import { heapStats } from 'bun:jsc';
import { describe, expect, test } from 'bun:test';
import { type AnswerReader, createReader, type FormatName } from './index.ts';
import { awsFrame } from './test-support.ts';

const STREAM_BYTES = 50_000_000;
const TEXT_BOUND = 256 * 1024;
/** Beyond the text: what the reader itself weighs, a piece of a line, and what the measure is off. */
const ALLOWANCE = 768 * 1024;

const encoder = new TextEncoder();

/** Whole events, one after the other, until there are 64 KiB of them: pushed again and again they are a long stream. */
function block(event: (at: number) => string | Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < 64 * 1024; size += pieces.at(-1)?.length ?? 0) {
    const made = event(pieces.length);
    pieces.push(typeof made === 'string' ? encoder.encode(made) : made);
  }
  return Uint8Array.from(Buffer.concat(pieces));
}

const sse = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const chat = (delta: object, more: object = {}) => sse({ id: 'a', choices: [{ index: 0, delta }], ...more });
const frame = (name: string, value: object) =>
  awsFrame([[':event-type', 7, encoder.encode(name)]], JSON.stringify(value));
const long = 'x'.repeat(1000);

type Shape = [what: string, format: FormatName, type: string | null, event: (at: number) => string | Uint8Array];

const SHAPES: Shape[] = [
  ['a word an event', 'openai-chat', 'text/event-stream', (at) => chat({ content: ` ${at % 10}` })],
  ['words beyond ASCII', 'openai-chat', 'text/event-stream', (at) => chat({ content: `日本${at % 10}` })],
  ['reasoning', 'openai-chat', 'text/event-stream', () => chat({ reasoning_content: 'hm ' })],
  [
    'texts of many choices',
    'openai-chat',
    'text/event-stream',
    (at) => sse({ choices: [{ index: at, delta: { content: 'a' } }] }),
  ],
  [
    'a usage on every event',
    'openai-chat',
    'text/event-stream',
    (at) => chat({}, { usage: { prompt_tokens: at, x: long } }),
  ],
  [
    'calls without end',
    'openai-chat',
    'text/event-stream',
    (at) => chat({ tool_calls: [{ index: at, id: `${at}`, function: { name: 'f', arguments: '{"a":1}' } }] }),
  ],
  [
    'arguments as JSON',
    'google-generate',
    'text/event-stream',
    (at) => sse({ candidates: [{ content: { parts: [{ functionCall: { name: `${at}`, args: { long } } }] } }] }),
  ],
  [
    'ever new fields of a usage',
    'anthropic-messages',
    'text/event-stream',
    (at) => sse({ type: 'message_delta', usage: { [`a${at}`]: long, output_tokens: at } }),
  ],
  [
    'arguments in pieces',
    'anthropic-messages',
    'text/event-stream',
    (at) =>
      sse(
        at === 0
          ? { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'b' } }
          : { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '1,' } },
      ),
  ],
  [
    'ever new items',
    'openai-responses',
    'text/event-stream',
    (at) => sse({ type: 'response.output_item.done', item: { type: 'function_call', id: `${at}`, arguments: long } }),
  ],
  ['an event of empty lines, without end', 'openai-chat', 'text/event-stream', () => 'data\n'],
  [
    'usages of a megabyte',
    'anthropic-messages',
    'text/event-stream',
    () => sse({ type: 'message_delta', usage: { output_tokens: 1, x: long.repeat(1000) } }),
  ],
  ['comments', 'openai-chat', 'text/event-stream', () => ': PROCESSING\n\n'],
  [
    'lines of JSON',
    'ollama',
    'application/x-ndjson',
    (at) => `{"model":"m","message":{"content":"${at} "},"done":false}\n`,
  ],
  [
    'binary frames',
    'bedrock-converse',
    'application/vnd.amazon.eventstream',
    () => frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'so ' } }),
  ],
  ['a picture', 'unknown', 'image/png', () => new Uint8Array(4096).fill(137)],
];

function heapBytes(): number {
  Bun.gc(true);
  return heapStats().heapSize + heapStats().extraMemorySize;
}

function feed(reader: AnswerReader, piece: Uint8Array): void {
  for (let fed = 0; fed < STREAM_BYTES; fed += piece.length) reader.push(piece);
}

describe('50 MB cost no more than the bound for text and little beside it', () => {
  test.each(SHAPES)('%s', (_what, format, contentType, event) => {
    const piece = block(event);
    const open = () => createReader({ format, status: 200, contentType, header: () => null, maxTextBytes: TEXT_BOUND });
    // A first reading, so that what the runtime keeps for good is not counted.
    const first = open();
    first.push(piece);
    first.end();
    const before = heapBytes();
    const reader = open();
    feed(reader, piece);
    expect(heapBytes() - before).toBeLessThan(2 * TEXT_BOUND + ALLOWANCE);
    const { stream } = reader.end();
    expect(stream?.malformed ?? 0).toBeLessThanOrEqual(1);
  });
});
