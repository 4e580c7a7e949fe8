import { describe, expect, test } from 'bun:test';
import { sizeWithin } from './size.ts';
import { Text } from './text.ts';

describe('the size of a JSON value', () => {
  test.each<[unknown, number | null]>([
    ['abc', 5],
    [1, 8],
    [null, 8],
    [{}, 2],
    [[1, 2], 20],
    [{ ab: 'c' }, 11],
    ['x'.repeat(99), null],
    [{ a: ['x'.repeat(60), 'x'.repeat(60)] }, null],
    [{ ['n'.repeat(120)]: 1 }, null],
  ])('%j takes about %p bytes of 100', (value, bytes) => {
    expect(sizeWithin(value, 100)).toBe(bytes);
  });

  test('nesting without end is too large', () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 50_000; depth += 1) value = [value];
    expect(sizeWithin(value, 1e9)).toBeNull();
  });
});

test('text from pieces is their concatenation, and knows its bytes', () => {
  const text = new Text();
  const pieces = Array.from({ length: 300_000 }, (_, at) => (at % 7 === 0 ? '' : `é${at % 10}`));
  for (const piece of pieces) text.add(piece, Buffer.byteLength(piece));
  expect(text.toString() === pieces.join('')).toBe(true);
  expect(text.bytes).toBe(Buffer.byteLength(pieces.join('')));
});
