import { describe, expect, test } from 'bun:test';
import { bucketOf, readSpendRules, type SpendFacts, type SpendLimits } from './spend-rule.ts';

type Rule = NonNullable<SpendLimits['rules']>[number];

const rule = (changes: Partial<Rule> = {}): Rule => ({
  id: 'r1',
  limit: 10,
  limitType: 'cost',
  window: 3600,
  ...changes,
});
const facts = (changes: Partial<SpendFacts> = {}): SpendFacts => ({
  provider: 'openai',
  providerAliases: [],
  model: 'gpt-5',
  metadata: null,
  ...changes,
});
const read = (changes: Partial<Rule>) => readSpendRules({ enabled: true, rules: [rule(changes)] });
const buckets = (changes: Partial<Rule>, given: Partial<SpendFacts>) =>
  read(changes).map((one) => bucketOf(one, facts(given)));

describe('rules that are read', () => {
  test.each<[string, SpendLimits]>([
    ['switched off', { enabled: false, rules: [rule()] }],
    ['never switched on', { rules: [rule()] }],
    ['no rules', { enabled: true }],
    ['a rule that is off', { enabled: true, rules: [rule({ enabled: false })] }],
    ['a window of no seconds', { enabled: true, rules: [rule({ window: 0 })] }],
  ])('%s: none', (_, limits) => {
    expect(readSpendRules(limits)).toEqual([]);
  });

  test('a rule slides and is enforced unless it says otherwise', () => {
    expect(read({})).toMatchObject([
      {
        id: 'r1',
        enforced: true,
        window: { limit: 10n ** 13n, intervalMs: 3_600_000, technique: 'sliding' },
        terms: 'cost limit 10 per 3600s, sliding',
      },
    ]);
    expect(read({ mode: 'observe', technique: 'fixed' })).toMatchObject([
      { enforced: false, window: { technique: 'fixed' }, terms: 'cost limit 10 per 3600s, fixed' },
    ]);
  });

  test.each<[number, bigint]>([
    [0.1, 100_000_000_000n],
    [0.3, 300_000_000_000n],
    [1e-7, 100_000n],
    [1.5e-9, 1_500n],
    [1e-12, 1n],
    [1.9e-12, 1n],
    [1e21, 10n ** 33n],
    [12345678.901234, 12345678901234000000n],
    [0, 0n],
  ])('a limit of %p dollars is exact', (limit, pico) => {
    expect(read({ limit })).toMatchObject([{ window: { limit: pico } }]);
  });
});

describe('which calls a rule is for', () => {
  const only = (...values: string[]) => ({ mode: 'filter' as const, values });
  const filters: [string, Partial<Rule>, Partial<SpendFacts>, boolean][] = [
    ['provider named', { provider: only('groq', 'openai') }, {}, true],
    ['provider not named', { provider: only('anthropic') }, {}, false],
    [
      'provider named by another of its slugs',
      { provider: only('xai') },
      { provider: 'grok', providerAliases: ['xai'] },
      true,
    ],
    ['model named', { model: only('gpt-5') }, {}, true],
    ['model is part of a name', { model: only('gpt-5-mini', 'gpt') }, {}, false],
    ['model unknown', { model: only('') }, { model: '' }, false],
    ['metadata text', { metadata: { team: only('a', 'b') } }, { metadata: { team: 'b' } }, true],
    ['metadata other', { metadata: { team: only('a') } }, { metadata: { team: 'b' } }, false],
    ['metadata number', { metadata: { tier: only('3') } }, { metadata: { tier: 3 } }, true],
    ['metadata boolean', { metadata: { paid: only('false') } }, { metadata: { paid: false } }, true],
    ['metadata without the key', { metadata: { team: only('a') } }, { metadata: { other: 'a' } }, false],
    ['no metadata', { metadata: { team: only('a') } }, {}, false],
    ['all of several', { provider: only('openai'), metadata: { t: only('a') } }, { metadata: { t: 'a' } }, true],
    ['one of several', { provider: only('openai'), metadata: { t: only('a') } }, { metadata: { t: 'b' } }, false],
    ['no values', { model: only() }, {}, false],
  ];
  test.each(filters)('filter, %s', (_, changes, given, applies) => {
    expect(buckets(changes, given).map((bucket) => bucket !== null)).toEqual([applies]);
  });

  const split = { mode: 'partition' as const };
  const partitions: [string, Partial<Rule>, Partial<SpendFacts>, Partial<SpendFacts>, boolean][] = [
    ['nothing split', {}, { model: 'a' }, { model: 'b', provider: 'groq' }, true],
    ['same model', { model: split }, {}, {}, true],
    ['other model', { model: split }, { model: 'a' }, { model: 'b' }, false],
    ['other provider', { provider: split }, { provider: 'a' }, { provider: 'b' }, false],
    ['split by model, other provider', { model: split }, { provider: 'a' }, { provider: 'b' }, true],
    ['same user', { metadata: { u: split } }, { metadata: { u: 'x', v: 1 } }, { metadata: { v: 2, u: 'x' } }, true],
    ['other user', { metadata: { u: split } }, { metadata: { u: 'x' } }, { metadata: { u: 'y' } }, false],
    ['number and its text', { metadata: { u: split } }, { metadata: { u: 1 } }, { metadata: { u: '1' } }, true],
    ['both without the key', { metadata: { u: split } }, { metadata: null }, { metadata: { v: 1 } }, true],
    ['one without the key', { metadata: { u: split } }, { metadata: null }, { metadata: { u: 'null' } }, false],
    ['a key that every object has', { metadata: { constructor: split } }, { metadata: null }, { metadata: {} }, true],
    [
      'a combination, one part other',
      { metadata: { u: split, v: split } },
      { metadata: { u: 'x', v: 'y' } },
      { metadata: { u: 'x', v: 'z' } },
      false,
    ],
    [
      'values that run together',
      { metadata: { u: split, v: split } },
      { metadata: { u: 'x","y', v: 'z' } },
      { metadata: { u: 'x', v: 'y","z' } },
      false,
    ],
    [
      'long values, the end other',
      { metadata: { u: split } },
      { metadata: { u: `${'x'.repeat(500)}a` } },
      { metadata: { u: `${'x'.repeat(500)}b` } },
      false,
    ],
    [
      'long values, the same',
      { metadata: { u: split } },
      { metadata: { u: 'x'.repeat(500) } },
      { metadata: { u: 'x'.repeat(500) } },
      true,
    ],
  ];
  test.each(partitions)('partition, %s', (_, changes, first, second, shared) => {
    const [one, other] = [buckets(changes, first), buckets(changes, second)];
    expect(one).not.toContain(null);
    if (shared) expect(one).toEqual(other);
    else expect(one).not.toEqual(other);
  });

  test('the order in which a rule names its metadata does not change its buckets', () => {
    const metadata = { a: 'x', b: 'y' };
    expect(buckets({ metadata: { a: split, b: split } }, { metadata })).toEqual(
      buckets({ metadata: { b: split, a: split } }, { metadata }),
    );
  });

  test('no value makes a key of more than 200 characters', () => {
    for (const length of [10, 150, 250, 10_000]) {
      const [bucket] = buckets({ metadata: { u: split } }, { metadata: { u: 'x'.repeat(length) } });
      expect(bucket?.length).toBeLessThanOrEqual(200);
    }
  });
});
