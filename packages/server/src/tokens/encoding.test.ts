import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { encodingOf, loadEncoding } from './encoding.ts';

const plain = { disallowedSpecial: new Set<string>() };
const counters = [
  ['cl100k_base', await loadEncoding('cl100k_base'), (text: string) => cl100k(text, plain)],
  ['o200k_base', await loadEncoding('o200k_base'), (text: string) => o200k(text, plain)],
] as const;

describe.each(counters)('%s', (_name, ours, theirs) => {
  test.each([
    '',
    'Hello, world!',
    "It's 12345 o'clock; she'LL say: «Grüß Gott» \u00a0 to them…\r\n\r\n\tend ",
    '{"type":"function","function":{"name":"get_weather","parameters":{"city":"Tōkyō"}}}',
    'こんにちは世界。你好，世界！ Привет мир, שלום, नमस्ते दुनिया 🙂👩‍👩‍👧‍👦',
    'const x = (a, b) => a ?? b; // <|endoftext|> <|im_start|>',
    'antidisestablishmentarianism floccinaucinihilipilification qzxwvutsrq',
    '\u0000\u{10ffff}',
  ])('counts as the reference does: %j', (text) => {
    expect(ours(text)).toBe(theirs(text));
  });

  test('counts any text as the reference does', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.lorem({ maxCount: 30 }), fc.string());
    fc.assert(fc.property(text, (value) => expect(ours(value)).toBe(theirs(value))));
  });

  test('a text of one letter is counted in parts, so that its time stays linear', () => {
    expect(ours('a'.repeat(200_000))).toBeGreaterThan(10_000);
  });
});

test.each([
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-0613', 'cl100k_base'],
  ['gpt-4-32k', 'cl100k_base'],
  ['gpt-4-turbo-2024-04-09', 'cl100k_base'],
  ['openai/gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-35-turbo', 'cl100k_base'],
  ['text-embedding-3-small', 'cl100k_base'],
  ['text-embedding-ada-002', 'cl100k_base'],
  ['gpt-4o', 'o200k_base'],
  ['gpt-4.1-mini', 'o200k_base'],
  ['GPT-5', 'o200k_base'],
  ['o3', 'o200k_base'],
  ['claude-sonnet-4-5', 'o200k_base'],
  ['', 'o200k_base'],
] as const)('%s is counted with %s', (model, encoding) => {
  expect(encodingOf(model)).toBe(encoding);
});
