import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SseParser } from './sse.ts';

type Seen = [name: string | null, data: string, complete: boolean];

function parse(chunks: Uint8Array[], maxEventBytes?: number): { events: Seen[]; comments: number; oversized: number } {
  const seen = { events: [] as Seen[], comments: 0, oversized: 0 };
  const parser = new SseParser(
    {
      event: (...event) => seen.events.push(event),
      comment: () => {
        seen.comments += 1;
      },
      oversized: () => {
        seen.oversized += 1;
      },
    },
    maxEventBytes,
  );
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return seen;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('server-sent events', () => {
  test.each<[string, string, Seen[]]>([
    [
      'LF',
      'data: a\n\ndata: b\n\n',
      [
        [null, 'a', true],
        [null, 'b', true],
      ],
    ],
    ['CRLF', 'event: x\r\ndata: a\r\n\r\n', [['x', 'a', true]]],
    [
      'CR',
      'data: a\r\rdata: b\r\r',
      [
        [null, 'a', true],
        [null, 'b', true],
      ],
    ],
    [
      'mixed line ends',
      'data: a\r\n\ndata: b\n\r\n',
      [
        [null, 'a', true],
        [null, 'b', true],
      ],
    ],
    ['several data lines', 'data: a\ndata:\ndata:  b\n\n', [[null, 'a\n\n b', true]]],
    ['a data field without colon', 'data\n\n', [[null, '', true]]],
    ['no space after the colon', 'data:a\nevent:x\n\n', [['x', 'a', true]]],
    ['a name after the data', 'data: a\nevent: x\n\n', [['x', 'a', true]]],
    [
      'a name that does not outlive its event',
      'event: x\ndata: a\n\ndata: b\n\n',
      [
        ['x', 'a', true],
        [null, 'b', true],
      ],
    ],
    ['an event without data is none', 'event: ping\n\nid: 1\nretry: 3\n\ndata: a\n\n', [[null, 'a', true]]],
    [
      'a byte order mark at the start only',
      '\uFEFFdata: a\n\ndata: \uFEFFb\n\n',
      [
        [null, 'a', true],
        [null, '\uFEFFb', true],
      ],
    ],
    ['a field that merely starts like data', 'database: a\n\n', []],
    [
      'an end without blank line is handed out as incomplete',
      'data: a\n\ndata: b',
      [
        [null, 'a', true],
        [null, 'b', false],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_rule, text, events) => {
    expect(parse([bytes(text)]).events).toEqual(events);
  });

  test('comments are counted and are no events', () => {
    expect(parse([bytes(': OPENROUTER PROCESSING\n\n:\ndata: a\n\n')])).toEqual({
      events: [[null, 'a', true]],
      comments: 2,
      oversized: 0,
    });
  });

  test('an event over the bound is skipped, however it is cut into lines, and the next one is read', () => {
    const long = 'x'.repeat(40);
    for (const event of [`data: ${long}\n\n`, `${`data: ${'x'.repeat(10)}\n`.repeat(4)}\n`]) {
      const seen = parse([bytes(event), bytes('data: b\n\n')], 32);
      expect(seen).toEqual({ events: [[null, 'b', true]], comments: 0, oversized: 1 });
    }
  });

  test('chunk borders never matter, inside characters and CRLF included', () => {
    const pieces = [
      'data: ä€🙂',
      'data:',
      'event: n',
      ': c',
      '\r\n',
      '\n',
      '\r',
      '\n\n',
      '\uFEFF',
      'data: {"a":1}',
      'x',
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => bytes(parts.join('')));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 10 }), (all, sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(all.slice(at, at + size));
          at += size;
        }
        expect(parse(chunks)).toEqual(parse([all]));
      }),
    );
  });

  test('a pushed chunk is not kept: overwriting it afterwards changes nothing', () => {
    const chunk = bytes('data: a');
    const parser = new SseParser({ event: (_name, data) => expect(data).toBe('ab'), oversized: () => undefined });
    parser.push(chunk);
    chunk.fill(0);
    parser.push(bytes('b\n\n'));
    parser.end();
    expect.assertions(1);
  });
});
