import { describe, expect, test } from 'bun:test';
import { createReader, emptyUsage, type Reading, type Usage } from '../formats/index.ts';
import { billableIn, costOfAnswer, costOfBillable } from './answer-cost.ts';
import { parseCustomCost } from './custom-cost.ts';
import { createPriceBook, type PriceBook } from './price-book.ts';

const book = createPriceBook();
const atMs = Date.parse('2026-11-20T12:00:00Z');

/** An answer of a thousand tokens in and none out. */
function reading(model: string | null, extra: Record<string, unknown> = {}): Reading {
  const blank = createReader({ format: 'openai-chat', status: 200, contentType: null, header: () => null }).end();
  return { ...blank, model, extra, usage: { ...emptyUsage(), input: 1000, inputFull: 1000, output: 0 } };
}

const dollars = (provider: string, modelAsked: string | null, answer: Reading, custom: string | null = null) => {
  const cost = costOfAnswer(book, {
    provider,
    modelAsked,
    reading: answer,
    atMs,
    custom: custom === null ? null : parseCustomCost(custom),
  });
  return cost === null ? null : Number(cost.totalPico) / 1e12;
};

describe('the price is that of the model that answered', () => {
  const cases: [
    what: string,
    provider: string,
    asked: string | null,
    answered: string | null,
    dollars: number | null,
  ][] = [
    ['another than was asked for', 'openrouter', 'openai/gpt-4o', 'openai/gpt-4o-mini', 0.00015],
    ['unknown: not that of the one asked for', 'openrouter', 'openai/gpt-4o', 'new/thing', null],
    ['named by nobody but the request', 'cohere', 'command-a-03-2025', null, 0.0025],
    ['named by nobody', 'cohere', null, null, null],
    ['the variant that was asked for', 'huggingface', 'openai/gpt-oss-120b:groq', 'openai/gpt-oss-120b', 0.00015],
    ['a variant without a price of its own', 'openrouter', 'openai/gpt-4o:nitro', 'openai/gpt-4o', 0.0025],
    ['a free variant', 'openrouter', 'openai/gpt-oss-120b:free', 'openai/gpt-oss-120b', 0],
    ['a deployment', 'azure-openai', 'gpt-4o', 'gpt-4o-mini-2024-07-18', 0.00015],
  ];
  for (const [what, provider, asked, answered, cost] of cases) {
    test(what, () => expect(dollars(provider, asked, reading(answered))).toBe(cost));
  }
});

test('without usage there is no cost', () => {
  expect(dollars('openai', 'gpt-4o', { ...reading('gpt-4o'), usage: null })).toBeNull();
});

test("the client's own prices need no known model, and take the counters as they are", () => {
  const answer = reading(null, { billed_units: { input_tokens: 7 } });
  expect(dollars('custom-mine', null, answer, '{"per_token_in":0.001}')).toBe(1);
  expect(dollars('custom-mine', null, { ...answer, usage: null }, '{"total_cost":0.25}')).toBe(0.25);
});

describe('billed units', () => {
  test('stand for the counters', () => {
    expect(
      dollars('cohere', 'command-a', reading(null, { billed_units: { input_tokens: 400, output_tokens: 20 } })),
    ).toBe(0.0012);
  });
  test('of pictures come on top of those of text', () => {
    expect(
      dollars('cohere', 'embed-v4.0', reading(null, { billed_units: { input_tokens: 100, image_tokens: 100 } })),
    ).toBe(0.000059);
  });
  test('that are no tokens leave the counters alone', () => {
    for (const billed_units of [null, undefined, { search_units: 1 }, { input_tokens: 'many' }]) {
      expect(dollars('cohere', 'command-a', reading(null, { billed_units }))).toBe(0.0025);
    }
  });
});

describe('output that only the total counts', () => {
  const answer = (usage: Partial<Usage>) => {
    const { usage: known, ...rest } = reading('grok-4');
    return dollars('grok', null, { ...rest, usage: { ...emptyUsage(), ...known, output: 100, ...usage } });
  };
  test('is charged for as output (xAI: reasoning)', () => {
    expect(answer({ total: 1100 })).toBe(0.0045);
    expect(answer({ total: 1400, reasoning: 300 })).toBe(0.009);
  });
  test('is none where the total is missing, smaller, or counts the cache apart', () => {
    expect(answer({ total: null })).toBe(0.0045);
    expect(answer({ total: 900 })).toBe(0.0045);
    expect(answer({ total: 1400, cacheIncluded: false })).toBe(0.0045);
  });
});

describe('runs that the counters leave out', () => {
  const answer = (iterations: unknown) => dollars('anthropic', null, reading('claude-sonnet-4-6', { iterations }));
  const run = { input_tokens: 1000, output_tokens: 0 };

  test('are added, on the same model or their own', () => {
    expect(answer([{ type: 'compaction', ...run }])).toBe(0.006);
    expect(answer([{ type: 'advisor_message', model: 'claude-opus-4-8', ...run }])).toBe(0.008);
  });
  test('are left out where they are in the counters, unknown or no runs', () => {
    expect(answer([{ type: 'message', ...run }])).toBe(0.003);
    expect(answer([{ type: 'advisor_message', model: 'claude-unheard-of', ...run }, null, 5, {}])).toBe(0.003);
    expect(answer('none')).toBe(0.003);
  });
  test('of a fallback are in the counters, which are billed as the model that took over', () => {
    const fallback = { type: 'fallback_message', model: 'claude-opus-4-8', ...run };
    expect(answer([{ type: 'message', ...run }, fallback])).toBe(0.005);
    expect(answer([fallback, { ...fallback, model: 5 }])).toBe(0.005);
  });
});

describe('what a row keeps is enough to work out the cost again', () => {
  const run = { input_tokens: 1000, output_tokens: 0 };
  const cases: [what: string, provider: string, answer: Reading][] = [
    ['a plain answer', 'openai', reading('gpt-4o')],
    ['a tier', 'openai', reading('gpt-5', { service_tier: 'flex' })],
    ['billed units', 'cohere', reading('command-a', { billed_units: { input_tokens: 400, output_tokens: 20 } })],
    ['a compaction', 'anthropic', reading('claude-sonnet-4-6', { iterations: [{ type: 'compaction', ...run }] })],
    [
      'an advisor',
      'anthropic',
      reading('claude-sonnet-4-6', { iterations: [{ type: 'advisor_message', model: 'claude-opus-4-8', ...run }] }),
    ],
  ];
  for (const [what, provider, answer] of cases) {
    test(what, () => {
      const call = { provider, modelAsked: null, atMs };
      const cost = costOfAnswer(book, { ...call, reading: answer, custom: null });
      const kept = JSON.parse(JSON.stringify(billableIn(answer))) as ReturnType<typeof billableIn>;
      expect(cost).not.toBeNull();
      expect(costOfBillable(book, { ...call, ...kept })).toEqual(cost);
    });
  }

  test('runs are kept only where they are not what the counters say', () => {
    expect(billableIn(reading('gpt-4o')).billedRuns).toBeNull();
    expect(billableIn(reading('gpt-4o', { iterations: [{ type: 'message', ...run }] })).billedRuns).toBeNull();
  });
});

test('the bill names its price: the day of the list, the version of an own price, or neither', () => {
  const own = {
    provider: 'openai',
    model: 'gpt-4o',
    version: 'id-3',
    rates: {},
    tiers: [],
    fromMs: null,
    untilMs: null,
  };
  const rates = { input: { top: 1n, bottom: 1n } };
  const bill = (of: PriceBook, custom: string | null = null) => {
    const prices = custom === null ? null : parseCustomCost(custom);
    const call = { provider: 'openai', modelAsked: null, reading: reading('gpt-4o'), atMs, custom: prices };
    const { source, version } = costOfAnswer(of, call) ?? {};
    return [source, version];
  };
  expect(bill(book)).toEqual(['list', expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/)]);
  expect(bill(createPriceBook({ overrides: [{ ...own, rates }] }))).toEqual(['override', 'id-3']);
  expect(bill(book, '{"per_token_in":1}')).toEqual(['custom', null]);
});

test('more than a row can hold is not known', () => {
  expect(dollars('custom-mine', null, reading(null), '{"total_cost":9000000}')).toBe(9_000_000);
  expect(dollars('custom-mine', null, reading(null), '{"total_cost":10000000}')).toBeNull();
});
