import { describe, expect, test } from 'bun:test';
import { crc32 } from 'node:zlib';
import { awsFrame, bigEndian } from '../test-support.ts';
import { AwsFrameParser, isPrelude } from './aws-frames.ts';

const text = (value: string): [string, number, Uint8Array] => [':event-type', 7, Buffer.from(value)];
const good = awsFrame([text('chunk'), ['flag', 0, Buffer.alloc(0)], ['at', 8, Buffer.alloc(8)]], '{"a":1}');

function parse(chunks: Uint8Array[], maxFrameBytes?: number) {
  const frames: [Record<string, string>, string][] = [];
  let malformed = 0;
  const sink = {
    frame: ({ headers, payload }: { headers: Record<string, string>; payload: Uint8Array }) =>
      frames.push([headers, Buffer.from(payload).toString()]),
    malformed: () => {
      malformed += 1;
    },
  };
  const parser = new AwsFrameParser(sink, maxFrameBytes);
  for (const chunk of chunks) parser.push(chunk);
  return { frames, malformed };
}

/** A copy with one byte changed. */
function flipped(source: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(source);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

describe('AWS event stream frames', () => {
  const event: [Record<string, string>, string] = [{ ':event-type': 'chunk' }, '{"a":1}'];

  test('headers of every type are passed over, string ones are read', () => {
    expect(parse([good])).toEqual({ frames: [event], malformed: 0 });
  });

  test('frames come out of any chunking', () => {
    const both = Buffer.concat([good, good]);
    expect(parse([...both].map((byte) => Uint8Array.of(byte)))).toEqual({ frames: [event, event], malformed: 0 });
    expect(parse([both.subarray(0, 30), both.subarray(30)])).toEqual({ frames: [event, event], malformed: 0 });
  });

  test('a wrong message checksum skips one frame', () => {
    const bad = flipped(good, good.length - 6);
    expect(parse([bad, good])).toEqual({ frames: [event], malformed: 1 });
  });

  test('a wrong prelude ends the reading, since no frame border is known any more', () => {
    expect(parse([flipped(good, 2), good])).toEqual({ frames: [], malformed: 1 });
  });

  test('a frame over the bound is skipped, and the next one is read', () => {
    const large = awsFrame([text('chunk')], `"${'x'.repeat(200)}"`);
    expect(parse([large.subarray(0, 50), large.subarray(50), good], 100)).toEqual({ frames: [event], malformed: 1 });
  });

  test('headers that do not add up make the frame malformed', () => {
    const broken = awsFrame([['x', 7, Buffer.from('abc')]], '');
    broken[12] = 200;
    broken.set(bigEndian(crc32(broken.subarray(0, broken.length - 4))), broken.length - 4);
    expect(parse([broken, good])).toEqual({ frames: [event], malformed: 1 });
  });

  test('a frame that is cut off is none', () => {
    expect(parse([good.subarray(0, good.length - 1)])).toEqual({ frames: [], malformed: 0 });
  });

  test('a prelude is proven by its checksum', () => {
    expect([isPrelude(good), isPrelude(flipped(good, 1)), isPrelude(good.subarray(0, 11))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
