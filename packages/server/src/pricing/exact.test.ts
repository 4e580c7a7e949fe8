import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { charge, dollarRate, dollarsToPico, formatExact, parseExact, parseRate } from './exact.ts';

describe('decimal numbers are read digit by digit', () => {
  const cases: [text: string, top: bigint, bottom: bigint][] = [
    ['0', 0n, 1n],
    ['12', 12n, 1n],
    ['0.000001', 1n, 1_000_000n],
    ['1e-6', 1n, 1_000_000n],
    ['2.5E+3', 2500n, 1n],
    ['0.12345678901234567890123', 12345678901234567890123n, 10n ** 23n],
    ['9007199254740993.1', 90071992547409931n, 10n],
  ];
  for (const [text, top, bottom] of cases) {
    test(text, () => expect(parseExact(text)).toEqual({ top, bottom }));
  }

  for (const text of [
    '',
    '-1',
    '+1',
    '.5',
    '1.',
    '1e',
    'NaN',
    'Infinity',
    '0x10',
    '1_000',
    ' 1',
    '1e400',
    '1e-400',
    '1e999999999',
    `1${'0'.repeat(300)}`,
  ]) {
    test(`not a price: ${text.slice(0, 20) || 'empty'}`, () => expect(parseExact(text)).toBeNull());
  }
});

describe('a charge is exact, or rounded half up once', () => {
  const cases: [rate: string, units: number, pico: bigint][] = [
    ['2500000', 417, 1_042_500_000n],
    ['1/2', 1, 1n],
    ['1/2', 3, 2n],
    ['1/3', 1, 0n],
    ['2/3', 1, 1n],
    ['100000000/9', 10, 111_111_111n],
    ['100000000', 3.25, 325_000_000n],
    ['3', 1e-7, 0n],
    ['1', Number.MAX_SAFE_INTEGER, BigInt(Number.MAX_SAFE_INTEGER)],
    ['7', -1, 0n],
    ['7', Number.NaN, 0n],
    ['7', Number.POSITIVE_INFINITY, 0n],
  ];
  for (const [rate, units, pico] of cases) {
    test(`${units} × ${rate}`, () => expect(charge(parseRate(rate), units)).toBe(pico));
  }

  test('it is never further than half a pico-dollar from the fraction', () => {
    const rate = fc.record({
      top: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      bottom: fc.bigInt({ min: 1n, max: 10n ** 7n }),
    });
    fc.assert(
      fc.property(rate, fc.maxSafeNat(), ({ top, bottom }, units) => {
        const twiceOff = 2n * (charge({ top, bottom }, units) * bottom - top * BigInt(units));
        expect(twiceOff > -bottom && twiceOff <= bottom).toBe(true);
      }),
    );
  });
});

describe('rates are shown exactly', () => {
  for (const [rate, text] of [
    ['2500000', '2500000'],
    ['87/2', '43.5'],
    ['1/8000000', '0.000000125'],
    ['100/40', '2.5'],
    ['100000000/9', '100000000/9'],
    ['0/7', '0'],
  ] as const) {
    test(`${rate} as ${text}`, () => expect(formatExact(parseRate(rate))).toBe(text));
  }

  test('a decimal survives being shown and read', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(30), (digits, places) => {
        const { top, bottom } = { top: BigInt(digits), bottom: 10n ** BigInt(places) };
        const back = parseExact(formatExact({ top, bottom }));
        expect((back?.top ?? -1n) * bottom).toBe(top * (back?.bottom ?? 1n));
      }),
    );
  });

  for (const text of ['', '-1', '1/0', '1.5', 'x']) {
    test(`the list can't have ${text || 'nothing'} for a rate`, () =>
      expect(() => parseRate(text)).toThrow('not a rate'));
  }
});

describe('dollars become pico-dollars', () => {
  test('a price for a million tokens is a rate for one', () => {
    expect(dollarRate('2.50', 1_000_000)).toEqual({ top: 2_500_000n, bottom: 1n });
    expect(dollarRate(0.04, 3600)).toEqual({ top: 100_000_000n, bottom: 9n });
    expect(dollarRate('-1')).toBeNull();
  });

  const amounts: [dollars: string | number, pico: bigint | null][] = [
    [0.1, 100_000_000_000n],
    [0.000894, 894_000_000n],
    [1e-12, 1n],
    ['0.0000000000005', 1n],
    ['0.00000000000049', 0n],
    [25_000, 25_000_000_000_000_000n],
    [-0.5, null],
    [Number.NaN, null],
    ['ten', null],
  ];
  for (const [dollars, pico] of amounts) {
    test(String(dollars), () => expect(dollarsToPico(dollars)).toBe(pico));
  }
});
