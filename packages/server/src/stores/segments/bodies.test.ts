import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type PackedBodies, packBodies, unpackBodies } from './bodies.ts';
import { DamagedSegment } from './damage.ts';
import type { Places } from './protocol.ts';

type Three = Record<'request' | 'response' | 'responseText', Uint8Array | null>;

/** Bodies in one buffer end to end, or each in its own. */
function placed(bodies: Three, apart: boolean): { places: Places; arenas: Uint8Array[] } {
  const places: Places = { request: null, response: null, responseText: null };
  const arenas: Uint8Array[] = [];
  for (const name of ['request', 'response', 'responseText'] as const) {
    const body = bodies[name];
    if (body === null) continue;
    const before = apart ? new Uint8Array(0) : (arenas.pop() ?? new Uint8Array(3));
    arenas.push(Buffer.concat([before, body]));
    places[name] = [arenas.length - 1, before.byteLength, before.byteLength + body.byteLength];
  }
  return { places, arenas };
}

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const read = (packed: PackedBodies) => {
  const { request, response, responseText } = unpackBodies(packed);
  return { request, response, responseText: responseText === null ? null : utf8(responseText) };
};
const body = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat({ max: 3000 }).map((length) => utf8('the same words again '.repeat(200).slice(0, length))),
  ),
);
const text = fc.option(fc.string({ maxLength: 400 }).map(utf8));

describe('bodies of a row', () => {
  test('come back as they were, whichever there are and wherever they stood', () => {
    fc.assert(
      fc.property(body, body, text, fc.boolean(), (request, response, responseText, apart) => {
        const bodies = { request, response, responseText };
        const { places, arenas } = placed(bodies, apart);
        expect(read(packBodies(places, arenas))).toEqual(bodies);
      }),
      { numRuns: 300 },
    );
  });

  test('of one row take less room together than apart', () => {
    const question = utf8(JSON.stringify({ messages: [{ content: 'What is the capital of France? '.repeat(20) }] }));
    const bodies = { request: question, response: question, responseText: null };
    const size = (apart: boolean) => {
      const { places, arenas } = placed(bodies, apart);
      const { request, response } = packBodies(places, arenas);
      return (request?.byteLength ?? 0) + (response?.byteLength ?? 0);
    };
    expect(size(false)).toBeLessThan(size(true));
  });

  test('each in a frame of its own, as segments of before have them, are read', () => {
    const content = utf8('words '.repeat(100));
    const zstd = Buffer.concat([Uint8Array.of(1), Bun.zstdCompressSync(content)]);
    const plain = Buffer.concat([Uint8Array.of(0), utf8('short')]);
    expect(read({ request: zstd, response: plain, responseText: plain })).toEqual({
      request: content,
      response: utf8('short'),
      responseText: utf8('short'),
    });
  });

  const { places, arenas } = placed(
    { request: utf8('a'.repeat(500)), response: utf8('b'.repeat(500)), responseText: null },
    false,
  );
  const good = packBodies(places, arenas);
  const changed = (change: (frame: Uint8Array) => Uint8Array): PackedBodies => ({
    ...good,
    request: good.request && change(Uint8Array.from(good.request)),
  });
  test.each<[string, PackedBodies]>([
    ['a frame that is cut in its head', changed((frame) => frame.slice(0, 5))],
    ['a frame that is cut', changed((frame) => frame.slice(0, -3))],
    ['lengths that do not add up', changed((frame) => frame.fill(1, 4, 5))],
    ['an unknown encoding', changed((frame) => frame.fill(9, 0, 1))],
    ['a part without its frame', { request: null, response: Uint8Array.of(2), responseText: null }],
  ])('%s is damage', (_name, packed) => {
    expect(() => unpackBodies(packed)).toThrow(DamagedSegment);
  });
});
