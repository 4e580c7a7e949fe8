import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { emptyUsage, type Usage } from '../formats/index.ts';
import { CustomCostError, customCostOf, parseCustomCost } from './custom-cost.ts';

const cost = (usage: Partial<Usage> | null, header: string) =>
  customCostOf(usage === null ? null : { ...emptyUsage(), ...usage }, parseCustomCost(header));
const lines = (usage: Partial<Usage>, header: string) =>
  cost(usage, header)?.components.map(
    ({ component, units, unitPricePico }) => `${component} ${units}×${unitPricePico}`,
  );

describe('custom prices are taken from the text, whatever their number of decimals', () => {
  const cases: [header: string, total: bigint][] = [
    ['{"per_token_in":0.000001,"per_token_out":0.000002}', 1_200_000_000n],
    ['{"per_token_in":1e-6,"per_token_out":2E-6}', 1_200_000_000n],
    // A float would make 0.1 + 0.2 of it.
    ['{"per_token_in":0.30000000000000000001}', 300_000_000_000_000n],
    ['{"per_token_in":0.0000000000000005}', 1n],
    ['{"per_token_in":0.0000000000000004}', 0n],
    ['{"per_token_out":0.123456789012345678}', 12_345_678_901_235n],
    ['{"per_token_in":0,"per_token_out":0}', 0n],
  ];
  for (const [header, total] of cases) {
    test(header, () => expect(cost({ input: 1000, inputFull: 1000, output: 100 }, header)?.totalPico).toBe(total));
  }

  test('twelve decimals for a token are exact', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(10 ** 6), (pico, tokens) => {
        const text = `{"per_token_in":0.${String(pico).padStart(12, '0')}}`;
        expect(cost({ input: tokens }, text)?.totalPico).toBe(BigInt(pico) * BigInt(tokens));
      }),
    );
  });
});

describe('cached tokens', () => {
  const CACHE =
    '{"per_token_in":0.000003,"per_token_out":0.000015,"per_cache_read_token":0.0000003,"per_cache_write_token":0.00000375}';
  const counts = { input: 1000, cacheRead: 600, cacheWrite: 200, output: 100 };

  test('are taken off an input that has them', () => {
    expect(lines({ ...counts, cacheIncluded: true }, CACHE)).toEqual([
      'input 200×3000000',
      'cacheRead 600×300000',
      'cacheWrite 200×3750000',
      'output 100×15000000',
    ]);
  });
  test('come on top of one that has not', () => {
    expect(lines({ ...counts, cacheIncluded: false }, CACHE)).toEqual([
      'input 1000×3000000',
      'cacheRead 600×300000',
      'cacheWrite 200×3750000',
      'output 100×15000000',
    ]);
  });
  test('the price that is not given is that of input', () => {
    expect(lines(counts, '{"per_token_in":0.000003,"per_cache_read_token":0.0000003}')).toEqual([
      'input 200×3000000',
      'cacheRead 600×300000',
      'cacheWrite 200×3000000',
    ]);
    expect(lines(counts, '{"per_token_in":0.000003,"per_cache_write_token":0.000004}')).toEqual([
      'input 200×3000000',
      'cacheRead 600×3000000',
      'cacheWrite 200×4000000',
    ]);
  });
  test('are ignored without a price of their own, in both ways of counting', () => {
    for (const cacheIncluded of [true, false]) {
      expect(lines({ ...counts, cacheIncluded }, '{"per_token_in":0.000003,"per_token_out":0.000015}')).toEqual([
        'input 1000×3000000',
        'output 100×15000000',
      ]);
    }
  });
  test('beyond the input leave no fresh input', () => {
    expect(
      lines({ input: 10, cacheRead: 50, output: 0 }, '{"per_token_in":0.000001,"per_cache_read_token":0}'),
    ).toEqual(['cacheRead 50×0']);
  });
});

describe('a price for the whole call', () => {
  test('needs no usage', () => expect(cost(null, '{"total_cost":0.0125}')?.totalPico).toBe(12_500_000_000n));
  test('goes before prices for tokens', () => {
    expect(cost({ input: 5, output: 5 }, '{"total_cost":1,"per_token_in":9}')?.totalPico).toBe(1_000_000_000_000n);
  });
  test('may be nothing', () => expect(cost(null, '{"total_cost":0}')?.totalPico).toBe(0n));
});

test('prices for tokens need tokens', () => {
  expect(cost(null, '{"per_token_in":1}')).toBeNull();
  expect(cost({ units: { seconds: 3 } }, '{"per_token_in":1}')).toBeNull();
});

describe('what can not be used is refused, and named', () => {
  const cases: [header: string, message: string][] = [
    ['', 'not valid JSON'],
    ['{', 'not valid JSON'],
    ['{"per_token_in":.5}', 'not valid JSON'],
    ['1', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
    ['[1]', 'must be a JSON object'],
    ['{}', 'needs one of per_token_in, per_token_out'],
    ['{"per_tokn_in":1}', 'needs one of per_token_in, per_token_out'],
    ['{"__proto__":{"per_token_in":1}}', 'needs one of'],
    ['{"per_token_in":-0.1}', 'per_token_in must be'],
    ['{"per_token_out":"0.1"}', 'per_token_out must be'],
    ['{"per_cache_read_token":null}', 'per_cache_read_token must be'],
    ['{"per_cache_write_token":{}}', 'per_cache_write_token must be'],
    ['{"total_cost":true}', 'total_cost must be'],
    ['{"total_cost":1e999999999}', 'total_cost must be'],
  ];
  for (const [header, message] of cases) {
    test(header || 'empty', () => {
      expect(() => parseCustomCost(header)).toThrow(CustomCostError);
      expect(() => parseCustomCost(header)).toThrow(message);
    });
  }
});
