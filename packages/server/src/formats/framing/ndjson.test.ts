import { expect, test } from 'bun:test';
import { NdjsonParser } from './ndjson.ts';

function parse(chunks: string[], maxLineBytes?: number) {
  const lines: [string, boolean][] = [];
  let oversized = 0;
  const sink = {
    line: (...line: [string, boolean]) => lines.push(line),
    oversized: () => {
      oversized += 1;
    },
  };
  const parser = new NdjsonParser(sink, maxLineBytes);
  for (const chunk of chunks) parser.push(new TextEncoder().encode(chunk));
  parser.end();
  return { lines, oversized };
}

test('lines are cut at LF and CRLF, blank ones are left out, and the last one may lack its end', () => {
  const lines = [
    ['{"a":1}', true],
    ['{"b":2}', true],
    ['{"c":3}', false],
  ];
  expect(parse(['\uFEFF{"a":', '1}\r\n\n  \n{"b":2}\n{"c"', ':3}'])).toEqual({
    lines: lines as [string, boolean][],
    oversized: 0,
  });
});

test('a line over the bound is skipped and counted', () => {
  expect(parse(['{"a":"xxxx', 'xxxx"}\n{"b":2}\n'], 8)).toEqual({ lines: [['{"b":2}', true]], oversized: 1 });
});
