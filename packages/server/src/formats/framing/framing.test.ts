import { describe, expect, test } from 'bun:test';
import { Framer, type Framing } from './index.ts';
import { JsonBody } from './json-body.ts';

function frame(contentType: string | null, body: string | Uint8Array, size = Number.POSITIVE_INFINITY) {
  const parts: unknown[] = [];
  const framer = new Framer(contentType, {
    event: (name, data) => parts.push([name, data]),
    frame: () => parts.push('frame'),
    malformed: () => parts.push('malformed'),
    body: (value) => parts.push(value),
    text: (start) => parts.push(`text ${start}`),
  });
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  for (let at = 0; at < bytes.length; at += size) framer.push(bytes.slice(at, at + size));
  framer.end();
  return { framing: framer.framing, parts };
}

describe('framing', () => {
  test.each<[rule: string, type: string | null, body: string, framing: Framing | null, parts: unknown[]]>([
    ['JSON as promised', 'application/json; charset=utf-8', '{"a":1}', 'json', [{ a: 1 }]],
    ['JSON without a content type', null, '[1]', 'json', [[1]]],
    ['JSON called a byte stream', 'application/octet-stream', '{"a":1}', 'json', [{ a: 1 }]],
    ['JSON called an event stream', 'text/event-stream', ' {"a":1}', 'json', [{ a: 1 }]],
    ['JSON after the blank lines of a keep-alive', 'application/json', '\n \r\n\n{"a":1}\n', 'json', [{ a: 1 }]],
    ['JSON over several lines', 'application/json', '{\n "a": 1\n}\n', 'json', [{ a: 1 }]],
    ['JSON with a byte order mark', 'application/json', '\uFEFF{"a":1}', 'json', [{ a: 1 }]],
    ['JSON that is cut', 'application/json', '{"a":', 'json', ['text {"a":']],
    ['events as promised', 'text/event-stream', 'data: a\n\n', 'sse', [[null, 'a']]],
    ['events called JSON', 'application/json', 'event: x\ndata: a\n\n', 'sse', [['x', 'a']]],
    ['events called nothing, after a comment', null, ': hello\n\ndata:a\n\n', 'sse', [[null, 'a']]],
    ['events with a byte order mark', null, '\uFEFFdata: a\n\n', 'sse', [[null, 'a']]],
    [
      'lines as promised',
      'application/x-ndjson',
      '{"a":1}\n{"b":2}\n',
      'ndjson',
      [
        [null, '{"a":1}'],
        [null, '{"b":2}'],
      ],
    ],
    ['Cohere’s lines', 'application/stream+json', '{"a":1}\n', 'ndjson', [[null, '{"a":1}']]],
    [
      'lines called JSON',
      'application/json',
      '{"a":1}\n{"b":2}\n',
      'ndjson',
      [
        [null, '{"a":1}'],
        [null, '{"b":2}'],
      ],
    ],
    ['a page', 'text/html', '<html>no</html>', 'plain', ['text <html>no</html>']],
    ['a word that starts like a field', null, 'database down', 'plain', ['text database down']],
    ['a word that is a field’s name', null, 'data', 'plain', ['text data']],
    ['audio that looks like JSON is JSON', 'audio/mpeg', '{"a":1}', 'json', [{ a: 1 }]],
    ['nothing', 'application/json', '', null, []],
    ['white space', 'text/event-stream', '\n\n', null, []],
  ])('%s', (_rule, type, body, framing, parts) => {
    expect(frame(type, body)).toEqual({ framing, parts });
    expect(frame(type, body, 1)).toEqual({ framing, parts });
  });

  test('binary frames are known by their first byte whatever they are called', () => {
    expect(frame('text/plain', Uint8Array.of(0, 0, 0, 16))).toEqual({ framing: 'aws-frames', parts: [] });
  });

  test('audio is not looked at', () => {
    expect(frame('audio/mpeg', Uint8Array.of(0x49, 0x44, 0x33)).framing).toBe('plain');
  });
});

test('a JSON body over the bound is given up without a reading', () => {
  const seen: unknown[] = [];
  const sink = {
    body: (value: unknown) => seen.push(value),
    invalid: (start: string) => seen.push(start),
    lines: () => {
      throw new Error('no lines here');
    },
  };
  const body = new JsonBody(sink, 8);
  for (const chunk of ['{"a":', '"bcdefgh"', '}']) body.push(new TextEncoder().encode(chunk));
  body.end();
  expect(seen).toEqual([]);
});
