import { describe, expect, test } from 'bun:test';
import { bodyBytes, loadRecordings, type Recording } from '../../../../test/fixtures/recordings/load.ts';
import { cutBody } from '../../../../test/support/chunking.ts';
import { createReader, formatForPath, type Reading } from './index.ts';

const streams = loadRecordings().filter(({ stream_format: format }) => format !== null && format !== 'websocket');

/** Streams up to this size are cut at every byte. */
const SMALL_BYTES = 3000;
/** Around so many of the last borders of a larger one, every byte within so many bytes is a cut. */
const [LAST_BORDERS, WINDOW_BYTES] = [4, 40];
/** Further cuts, spread over the rest. */
const SAMPLES = 24;

/** Where events end, so that a cut there loses whole ones only. */
function bordersOf({ stream_format: format }: Recording, bytes: Uint8Array): number[] {
  const framing = format === 'websocket' ? null : format;
  const ends: number[] = [];
  for (const piece of cutBody(bytes, 'events', framing) ?? []) ends.push((ends.at(-1) ?? 0) + piece.length);
  return ends;
}

function cutsOf(recording: Recording, bytes: Uint8Array): number[] {
  const { length } = bytes;
  if (length <= SMALL_BYTES) return Array.from({ length }, (_, at) => at);
  const borders = bordersOf(recording, bytes);
  const cuts = new Set(
    borders.length <= 40 ? borders : borders.filter((_, at) => at % Math.ceil(borders.length / 40) === 0),
  );
  for (const border of borders.slice(-LAST_BORDERS)) {
    for (let by = -WINDOW_BYTES; by <= WINDOW_BYTES; by += 1) cuts.add(border + by);
  }
  for (let at = 1; at < SAMPLES; at += 1) cuts.add(Math.floor((length * at) / SAMPLES));
  return [...cuts].filter((cut) => cut >= 0 && cut < length);
}

function readPart({ request, response }: Recording, bytes: Uint8Array): Reading {
  const reader = createReader({
    format: formatForPath(new URL(request.url).pathname),
    status: response.status,
    contentType: response.headers['content-type'] ?? null,
    header: (name) => response.headers[name] ?? null,
  });
  reader.push(bytes);
  return reader.end();
}

describe('a recorded stream that is cut', () => {
  test('is there in every framing', () => {
    expect(new Set(streams.map(({ stream_format: format }) => format))).toEqual(
      new Set(['sse', 'ndjson', 'eventstream']),
    );
  });

  test.each(streams.map((recording): [string, Recording] => [recording.id, recording]))(
    '%s has the usage of the whole one, or has not ended',
    (_id, recording) => {
      const bytes = bodyBytes(recording);
      const whole = JSON.stringify(readPart(recording, bytes).usage);
      const wrong = cutsOf(recording, bytes).filter((cut) => {
        const { usage, stream } = readPart(recording, bytes.subarray(0, cut));
        return stream?.ended !== false && stream !== null && JSON.stringify(usage) !== whole;
      });
      expect(wrong).toEqual([]);
    },
  );
});
