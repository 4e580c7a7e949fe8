import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { lorem } from './lorem.ts';
import { loadTokenizer } from './tokens.ts';

/** Half of a character beyond the basic plane. */
const LONE = /\p{Surrogate}/u;

const tokenizer = await loadTokenizer();

test('texts encode as o200k_base does', () => {
  expect(tokenizer.encode('Hello, world!')).toEqual([13225, 11, 2375, 0]);
  expect(tokenizer.encode('')).toEqual([]);
});

test('control tokens in a text are plain text', () => {
  expect(tokenizer.encode('a <|endoftext|> b')).toEqual([64, 464, 91, 419, 1440, 919, 91, 29, 287]);
});

test('pieces join to the text and add up to its tokens, and none ends inside a character', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
      const pieces = tokenizer.pieces(text);
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(tokenizer.encode(text).length);
      if (!LONE.test(text)) for (const piece of pieces) expect(piece.text).not.toMatch(LONE);
    }),
  );
});

test('a byte order mark and a lone surrogate come out as they went in', () => {
  for (const text of ['\ufeffabc', 'a\ud800b']) {
    expect(
      tokenizer
        .pieces(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  }
});

test('a character of several tokens is one piece', () => {
  const pieces = tokenizer.pieces('a👩b');
  expect(pieces.map((piece) => piece.text)).toEqual(['a', '👩', 'b']);
  expect(pieces[1]?.tokens).toBeGreaterThan(1);
});

test('a long run of letters, signs or spaces is counted in time that grows with its length', () => {
  for (const run of ['x', '!', ' ', '語']) {
    const tokens = tokenizer.encode(run.repeat(100_000)).length;
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(100_000);
  }
});

test('lorem has exactly as many tokens as asked for', () => {
  for (const count of [1, 2, 31, 32, 500]) {
    const pieces = lorem(count);
    expect(pieces).toHaveLength(count);
    expect(tokenizer.encode(pieces.map((piece) => piece.text).join(''))).toHaveLength(count);
  }
});
