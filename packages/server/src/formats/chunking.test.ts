import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createReader, type FormatName, type Reading } from './index.ts';
import { awsFrame } from './test-support.ts';

/** Texts as models write them: words, signs of two to four bytes, line ends, quotes, nothing. */
const texts = fc.array(
  fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('\n', '\r\n', '"', '😀', '日本', '')),
  {
    minLength: 1,
    maxLength: 12,
  },
);
const ends = fc.constantFrom('\n', '\r\n', '\r');
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

interface Made {
  format: FormatName;
  type: string;
  bytes: Uint8Array;
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const chat = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });

const FRAMINGS: Record<string, (texts: readonly string[], end: string) => Made> = {
  'server-sent events': (list, end) => ({
    format: 'openai-chat',
    type: 'text/event-stream',
    bytes: utf8(list.map((text) => `data: ${JSON.stringify(chat(text))}${end}${end}`).join('')),
  }),
  'server-sent events with names, comments and a byte order mark': (list, end) => ({
    format: 'openai-chat',
    type: 'text/event-stream',
    bytes: utf8(
      `\ufeff${list.map((text) => `: ping${end}event: x${end}data:${JSON.stringify(chat(text))}${end}${end}${end}`).join('')}`,
    ),
  }),
  'JSON over several data lines': (list, end) => ({
    format: 'openai-chat',
    type: 'text/event-stream',
    bytes: utf8(list.map((text) => `data: {${end}data: ${JSON.stringify(chat(text)).slice(1)}${end}${end}`).join('')),
  }),
  'lines of JSON': (list, end) => ({
    format: 'ollama',
    type: 'application/x-ndjson',
    bytes: utf8(list.map((text) => `${JSON.stringify({ message: { content: text }, done: false })}${end}`).join('')),
  }),
  'lines called JSON, with a byte order mark': (list) => ({
    format: 'ollama',
    type: 'application/json',
    bytes: utf8(
      `\ufeff${[...list, ''].map((text) => `${JSON.stringify({ message: { content: text }, done: false })}\n`).join('')}`,
    ),
  }),
  'one JSON body': (list) => ({
    format: 'openai-chat',
    type: 'application/json',
    bytes: utf8(` \n${JSON.stringify({ choices: [{ message: { content: list.join('') } }] }, null, 1)}`),
  }),
  'binary frames': (list) => ({
    format: 'bedrock-converse',
    type: 'application/vnd.amazon.eventstream',
    bytes: Buffer.concat(
      list.map((text) =>
        awsFrame([[':event-type', 7, utf8('contentBlockDelta')]], JSON.stringify({ delta: { text } })),
      ),
    ),
  }),
};

const inputOf = ({ format, type }: Made) => ({ format, status: 200, contentType: type, header: () => null });

function readIn(made: Made, pieces: Iterable<Uint8Array>): Reading {
  const reader = createReader(inputOf(made));
  for (const piece of pieces) reader.push(piece);
  return reader.end();
}

function* cut(bytes: Uint8Array, pattern: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (pattern[turn % pattern.length] ?? 1);
    // A copy that is overwritten afterwards, as a buffer of the transport may be.
    const piece = Uint8Array.from(bytes.subarray(at, end));
    yield piece;
    piece.fill(0);
    at = end;
  }
}

describe('where a body is cut into chunks changes nothing', () => {
  test.each(Object.entries(FRAMINGS))('%s', (_name, make) => {
    fc.assert(
      fc.property(texts, ends, sizes, (list, end, pattern) => {
        const made = make(list, end);
        const whole = readIn(made, [made.bytes]);
        expect(whole.text).toBe(list.join(''));
        expect(whole.stream?.malformed ?? 0).toBe(0);
        expect(createReader(inputOf(made)).whole(made.bytes)).toEqual(whole);
        expect(readIn(made, cut(made.bytes, pattern))).toEqual(whole);
        expect(readIn(made, cut(made.bytes, [1]))).toEqual(whole);
      }),
      { numRuns: 120 },
    );
  });

  test.each(Object.entries(FRAMINGS))('%s, one of a megabyte', (_name, make) => {
    const long = 'é😀x'.repeat(150_000);
    const made = make(['a', long, 'b'], '\r\n');
    for (const size of [1021, 16_384, 65_537, 4_000_000]) {
      const reading = readIn(made, cut(made.bytes, [size, 1, 2]));
      expect(reading.text === `a${long}b`).toBe(true);
      expect(reading.stream?.malformed ?? 0).toBe(0);
    }
  });
});
