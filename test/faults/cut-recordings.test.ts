import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { cutBody } from '../support/chunking.ts';
import { headerOf, type RawConnection, type RawRequest } from '../support/raw-http.ts';
import { loadRecordings, type Recording, responseBytes } from '../support/recordings.ts';
import { startWalk, type Walk } from '../support/walk.ts';

/** Recorded streams that break off on their way, through the data plane. */

const recordings = await loadRecordings(join(import.meta.dir, '../fixtures/recordings'));

/** The shortest complete stream of every dialect, so that each way to end a stream is there. */
const streams = shortestOfEach(recordings.filter(isComplete));

function shortestOfEach(list: readonly Recording[]): Recording[] {
  const shortest = new Map<string, Recording>();
  for (const recording of list) {
    const held = shortest.get(recording.dialect);
    if (held === undefined || recording.response.body.length < held.response.body.length) {
      shortest.set(recording.dialect, recording);
    }
  }
  return [...shortest.values()];
}

function isComplete(recording: Recording): boolean {
  const { stream, tokens_in: tokens } = recording.expected;
  return stream?.complete === true && tokens !== null && eventsOf(recording).length > 2;
}

/** Lets the provider break off. */
let cut: () => void;
let mayBeCut: Promise<void>;

/** Sends the first events of the recording that is asked for, as many as are asked for, and breaks off when told. */
async function sendPart(request: RawRequest, connection: RawConnection): Promise<void> {
  const recording = streams.find(({ id }) => id === headerOf(request, 'x-recording'));
  if (recording === undefined) throw new Error('no such recording');
  const { status, headers } = recording.response;
  await connection.write(
    `HTTP/1.1 ${status} X\r\ncontent-type: ${headers['content-type']}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  for (const event of eventsOf(recording).slice(0, Number(headerOf(request, 'x-events')))) {
    await connection.write(`${event.length.toString(16)}\r\n`);
    await connection.write(event);
    await connection.write('\r\n');
  }
  await mayBeCut;
  connection.end();
}

function eventsOf(recording: Recording): Uint8Array[] {
  return cutBody(responseBytes(recording), 'events', recording.stream_format) ?? [];
}

let walk: Walk;
beforeAll(async () => {
  walk = await startWalk({ upstream: sendPart });
});
afterAll(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

/** The bytes that the client got by the time the provider broke off, and whether its transfer broke, too. */
async function ask(recording: Recording, events: number): Promise<{ bytes: Buffer; broken: boolean }> {
  const expected = Buffer.concat(eventsOf(recording).slice(0, events)).length;
  ({ promise: mayBeCut, resolve: cut } = Promise.withResolvers<void>());
  const response = await fetch(`${walk.base}/openai${new URL(recording.request.url).pathname}`, {
    method: 'POST',
    body: '{"stream":true}',
    headers: { 'x-recording': recording.id, 'x-events': String(events) },
  });
  let bytes = Buffer.alloc(0);
  try {
    for await (const piece of response.body ?? []) {
      bytes = Buffer.concat([bytes, piece]);
      if (bytes.length === expected) cut();
    }
    return { bytes, broken: false };
  } catch {
    return { bytes, broken: true };
  }
}

describe('a recorded stream that the provider breaks off', () => {
  test('is there in every framing', () => {
    const framings = new Set(streams.map(({ stream_format: format }) => format));
    expect(framings).toEqual(new Set(['sse', 'ndjson', 'eventstream']));
  });

  test.each(streams.map((recording): [string, Recording] => [recording.dialect, recording]))(
    '%s breaks the client’s transfer after the same bytes, wherever it is cut, and is logged as truncated',
    async (_dialect, recording) => {
      const events = eventsOf(recording);
      for (const kept of new Set([1, events.length >> 1, events.length - 1])) {
        const { bytes, broken } = await ask(recording, kept);
        const { record } = await walk.nextRow();
        expect(broken).toBe(true);
        expect(bytes.equals(Buffer.concat(events.slice(0, kept)))).toBe(true);
        expect(record).toMatchObject({ outcome: 'truncated', error: { code: 'truncated' } });
      }
    },
  );
});
