import { describe, expect, test } from 'bun:test';
import { countTokens } from 'gpt-tokenizer';
import { parseCustomCost } from './custom-cost.ts';
import { estimateCost, estimateTokens } from './estimate.ts';
import { createPriceBook } from './price-book.ts';

/** What a call has beside its text. */
const FRAME = 64;

describe('the estimate of a text is at least its tokens, and at most three times as many', () => {
  const texts = {
    english: 'The quick brown fox jumps over the lazy dog, and nobody seems to mind that it does so every single day. ',
    code: 'export function add(a: number, b: number): number {\n  return a + b; // no overflow here\n}\n',
    json: '{"role":"user","content":[{"type":"text","text":"What is in this picture?"}],"temperature":0.7}',
    german:
      'Die Donaudampfschifffahrtsgesellschaft beförderte früher regelmäßig Fahrgäste zwischen Wien und Budapest. ',
    russian: 'Быстрая коричневая лиса прыгает через ленивую собаку, и никто не возражает. ',
    chinese: '敏捷的棕色狐狸跳过了懒狗，没有人介意它每天都这样做。',
    japanese: '素早い茶色の狐がのろまな犬を飛び越え、誰もそれを気にしない。',
    emoji: 'Great 🎉 that works 🚀✨ thank you so much 🙏 see you on Monday 👋 ',
  };
  for (const [name, text] of Object.entries(texts)) {
    test(name, () => {
      const long = text.repeat(20);
      const tokens = countTokens(long);
      expect(estimateTokens(long) - FRAME).toBeGreaterThanOrEqual(tokens);
      expect(estimateTokens(long) - FRAME).toBeLessThanOrEqual(3 * tokens);
    });
  }
});

test('bytes and text count alike', () => {
  const text = 'naïve 狐 text';
  expect(estimateTokens(new TextEncoder().encode(text))).toBe(estimateTokens(text));
});

test.each(['Быстрая коричневая лиса. ', '敏捷的棕色狐狸跳过了懒狗，', 'The quick brown fox. '])(
  'megabytes are sampled: %s',
  (text) => {
    const [short, long] = [estimateTokens(text.repeat(100)) - FRAME, estimateTokens(text.repeat(100_000)) - FRAME];
    expect(Math.abs(long / (short * 1000) - 1)).toBeLessThan(0.01);
  },
);

test('nothing is a frame', () => expect(estimateTokens('')).toBe(FRAME));

describe('an embedded file counts as one picture, not by its bytes', () => {
  const file = 'iVBORw0KGgo'.repeat(10_000);
  const around = estimateTokens('{"url":"data:image/png;base64,"}');
  test('between quotes', () => {
    expect(estimateTokens(`{"url":"data:image/png;base64,${file}"}`)).toBe(around + 1600);
  });
  test('at the end of the body', () => expect(estimateTokens(file)).toBe(1600 + FRAME));
  test('each one', () => expect(estimateTokens(`${file} ${file}`)).toBe(2 * 1600 + 1 + FRAME));
  test('short ones are text', () => expect(estimateTokens('x'.repeat(511))).toBe(Math.ceil(511 / 3) + FRAME));
});

describe('what is reserved for a call', () => {
  const price = createPriceBook().findPrice('openai', 'gpt-5.5', Date.parse('2026-11-20T12:00:00Z'));
  const custom = parseCustomCost('{"per_token_in":0.000001,"per_token_out":0.000002}');
  const none = { price: null, custom: null, promptTokens: 1000, maxOutputTokens: 100 };

  test('prompt and bound at the list price', () => expect(estimateCost({ ...none, price })).toBe(8_000_000_000n));
  test('a usual output where there is no bound', () => {
    expect(estimateCost({ ...none, price, maxOutputTokens: null })).toBe(5_000_000_000n + 1024n * 30_000_000n);
  });
  test('a long prompt at its higher rates', () => {
    expect(estimateCost({ ...none, price, promptTokens: 300_000 })).toBe(300_000n * 10_000_000n + 100n * 45_000_000n);
  });
  test("the client's own prices go before", () =>
    expect(estimateCost({ ...none, price, custom })).toBe(1_200_000_000n));
  test('a flat price is that price', () => {
    expect(estimateCost({ ...none, price, custom: parseCustomCost('{"total_cost":0.5}') })).toBe(500_000_000_000n);
  });
  test('nothing for an unknown price', () => expect(estimateCost(none)).toBe(0n));
});
