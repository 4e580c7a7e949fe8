import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { bodyBytes, loadRecordings, type Recording } from '../../../../test/fixtures/recordings/load.ts';
import { createReader, type FormatName, formatForPath, type Reading } from './index.ts';
import { read } from './test-support.ts';

/** Small enough to be read hundreds of times. */
const answers = loadRecordings().filter((recording) => {
  const length = recording.response.body?.length ?? 0;
  return recording.stream_format !== 'websocket' && length > 0 && length < 60_000;
});
const streams = answers.filter((recording) => recording.stream_format !== null);
const anyAnswer = fc.constantFrom(...answers);
const anyStream = fc.constantFrom(...streams);
const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });

function readBytes({ request, response }: Recording, chunks: Iterable<Uint8Array>, format?: FormatName): Reading {
  const reader = createReader({
    format: format ?? formatForPath(new URL(request.url).pathname),
    status: response.status,
    contentType: response.headers['content-type'] ?? null,
    header: (name) => response.headers[name] ?? null,
  });
  for (const chunk of chunks) reader.push(chunk);
  return reader.end();
}

function* cut(bytes: Uint8Array, pattern: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = pattern[turn % pattern.length] ?? 1;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

describe('readers', () => {
  test('read the same in any chunking', () => {
    fc.assert(
      fc.property(anyAnswer, sizes, (recording, pattern) => {
        const bytes = bodyBytes(recording);
        expect(readBytes(recording, cut(bytes, pattern))).toEqual(readBytes(recording, [bytes]));
      }),
      { numRuns: 300 },
    );
  });

  test('survive any damage to the bytes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyAnswer, damage, sizes, (recording, places, pattern) => {
        const bytes = bodyBytes(recording).slice();
        for (const [place, byte] of places) bytes[place % bytes.length] = byte;
        expectSane(readBytes(recording, cut(bytes, pattern)));
      }),
      { numRuns: 500 },
    );
  });

  test('survive any JSON in any format', () => {
    const formats = fc.constantFrom<FormatName>(
      'unknown',
      'openai-chat',
      'bedrock-invoke',
      'google-generate',
      'workers-ai',
    );
    fc.assert(
      fc.property(formats, fc.json({ maxDepth: 4 }), fc.boolean(), (format, text, plain) => {
        expectSane(plain ? read({ format }, text) : read({ format, type: 'text/event-stream' }, `data: ${text}\n\n`));
      }),
      { numRuns: 500 },
    );
  });

  test('survive a wrong type in any field of a real answer', () => {
    const bodies = answers.filter(({ stream_format, dialect }) => stream_format === null && dialect !== 'opaque');
    const wrong = fc.constantFrom<unknown>(null, 0, -1, 1.5, '', 'x', true, [], {}, [null], [[]], { a: null });
    fc.assert(
      fc.property(fc.constantFrom(...bodies), wrong, fc.nat(), (recording, value, seed) => {
        const text = replaceOne(recording.response.body ?? '', value, seed);
        expectSane(readBytes(recording, [new TextEncoder().encode(text)]));
      }),
      { numRuns: 500 },
    );
  });

  test('survive nesting of any depth', () => {
    for (const open of ['[', '{"error":', '{"choices":[', '{"response":']) {
      expectSane(read({ format: 'unknown' }, open.repeat(100_000)));
      expectSane(read({ format: 'openai-chat', type: 'text/event-stream' }, `data: ${open.repeat(100_000)}\n\n`));
    }
    const closed = `${'{"error":'.repeat(5000)}1${'}'.repeat(5000)}`;
    expectSane(read({ format: 'unknown', status: 500 }, closed));
    expectSane(read({ format: 'workers-ai' }, `{"usage":{},"response":${closed}}`));
  });

  test('never call a stream ended that is cut before its end', () => {
    fc.assert(
      fc.property(anyStream, fc.double({ min: 0, max: 1, noNaN: true }), (recording, part) => {
        const bytes = bodyBytes(recording);
        const kept = Math.floor(part * endOf(recording, bytes));
        const reading = readBytes(recording, [bytes.subarray(0, kept)]);
        expect(reading.stream?.ended ?? false).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('skip and count an event that is no JSON, and read on', () => {
    const body =
      'data: {"id":"a","choices":[{"delta":{"content":"x"}}]}\n\ndata: {"id\n\ndata: {"choices":[{"delta":{"content":"y"}}]}\n\n';
    const reading = read({ format: 'openai-chat', type: 'text/event-stream' }, body);
    expect(reading).toMatchObject({ text: 'xy', stream: { events: 3, malformed: 1, ended: false } });
  });

  test('know a stream by its content type where not a byte came', () => {
    const facts = { events: 0, done: false, ended: false, malformed: 0 };
    expect(read({ format: 'openai-chat', type: 'text/event-stream; charset=utf-8' }, '').stream).toEqual(facts);
    expect(read({ format: 'openai-chat', type: 'application/json' }, '').stream).toBeNull();
  });

  test('take the end of a stream that lacks only its blank line, and nothing of an event that is cut', () => {
    const usage = '"usage":{"prompt_tokens":3}';
    const first = `data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],${usage}}\n\n`;
    const given = { format: 'openai-chat', type: 'text/event-stream' } as const;
    expect(read(given, `${first}data: [DONE]`).stream).toEqual({ events: 2, done: true, ended: true, malformed: 0 });
    expect(read(given, `${first}data: {"usage":{"prompt_tokens":4}}`).usage?.input).toBe(4);
    expect(read(given, `${first}data: {"usage":{"prom`).stream).toEqual({
      events: 1,
      done: false,
      ended: true,
      malformed: 0,
    });
  });

  test('keep no more text than they are told to', () => {
    const event = `data: ${JSON.stringify({ choices: [{ delta: { content: 'é'.repeat(50), reasoning: 'r'.repeat(50) } }] })}\n\n`;
    const reading = read({ format: 'openai-chat', type: 'text/event-stream', maxTextBytes: 333 }, event.repeat(20));
    const bytes = Buffer.byteLength(`${reading.text}${reading.reasoningText}`);
    expect(bytes).toBeGreaterThan(300);
    expect(bytes).toBeLessThanOrEqual(333);
    expect(reading.extra.text_truncated).toBe(true);
    expect(reading.stream).toMatchObject({ events: 20, malformed: 0 });
  });
});

/** Whatever came in: counters are whole numbers, and stream facts add up. */
function expectSane({ usage, stream }: Reading): void {
  const { units: _units, cacheIncluded: _included, ...counters } = usage ?? { units: {}, cacheIncluded: true };
  for (const count of Object.values(counters)) {
    expect(count === null || (Number.isInteger(count) && (count as number) >= 0)).toBe(true);
  }
  if (stream !== null) expect(stream.malformed).toBeLessThanOrEqual(stream.events);
}

/** The same JSON with one value, picked by `seed`, replaced. */
function replaceOne(text: string, value: unknown, seed: number): string {
  let count = 0;
  JSON.stringify(JSON.parse(text), (_key, inner) => {
    count += 1;
    return inner;
  });
  let at = seed % count;
  return JSON.stringify(JSON.parse(text), (_key, inner) => (at-- === 0 ? value : inner));
}

/** Where the first mark of an end begins, told without the readers. */
const MARKS =
  /\[DONE\]|"message_stop"|"type": ?"response\.(completed|failed|incomplete)|"finish_?[rR]eason": ?"|"done": ?true|"stop_reason": ?"(?!not_finished)|messageStop|"completionReason"|"type":"message-end"/;

function endOf(recording: Recording, bytes: Uint8Array): number {
  if (recording.dialect === 'bedrock-invoke') return bytes.length / 2;
  const text = Buffer.from(bytes).toString('latin1');
  return MARKS.exec(text)?.index ?? text.length;
}
