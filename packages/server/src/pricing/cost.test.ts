import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Usage } from '../formats/index.ts';
import { emptyUsage } from '../formats/index.ts';
import { costOf } from './cost.ts';
import { dollarRate, type Exact } from './exact.ts';
import type { PriceRow, Rates } from './row.ts';

const perMillion = (dollars: string): Exact => dollarRate(dollars, 1_000_000) ?? { top: 0n, bottom: 1n };

function row(rates: Rates, tiers: PriceRow['tiers'] = []): PriceRow {
  return { provider: 'p', model: 'm', source: 'list', version: '1', rates, tiers, fromMs: null, untilMs: null };
}

const FULL: Rates = {
  input: perMillion('3'),
  output: perMillion('15'),
  cacheRead: perMillion('0.3'),
  cacheWrite: perMillion('3.75'),
  cacheWrite1h: perMillion('6'),
  audioInput: perMillion('40'),
  audioOutput: perMillion('80'),
  imageInput: perMillion('10'),
};

/** The parts of a prompt, and some output; the same call can be told in both ways of counting. */
const calls = fc.record({
  fresh: fc.nat(1_000_000),
  read: fc.nat(1_000_000),
  write: fc.nat(1_000_000),
  write1h: fc.nat(1_000_000),
  audioIn: fc.nat(500_000),
  imageIn: fc.nat(500_000),
  cachedAudio: fc.option(fc.nat(500_000)),
  cachedImage: fc.option(fc.nat(500_000)),
  output: fc.nat(100_000),
  audioOut: fc.nat(100_000),
});
type Call = typeof calls extends fc.Arbitrary<infer T> ? T : never;

function usage(call: Call, cacheIncluded: boolean): Usage {
  const cacheWrite = call.write + call.write1h;
  const inputFull = call.fresh + call.read + cacheWrite;
  return {
    ...emptyUsage(),
    input: cacheIncluded ? inputFull : call.fresh,
    inputFull,
    output: call.output,
    cacheRead: call.read,
    cacheReadAudio: call.cachedAudio,
    cacheReadImage: call.cachedImage,
    cacheWrite,
    cacheWrite1h: call.write1h,
    audioInput: Math.min(call.audioIn, inputFull),
    imageInput: Math.min(call.imageIn, inputFull),
    audioOutput: Math.min(call.audioOut, call.output),
    cacheIncluded,
  };
}

const OUTPUT = ['output', 'audioOutput', 'imageOutput', 'reasoning'];

describe('of any call', () => {
  const check = (property: (call: Call) => void) => fc.assert(fc.property(calls, property));

  test('the total is the sum of the components, each its units times its price', () =>
    check((call) => {
      const cost = costOf(usage(call, true), row(FULL));
      let total = 0n;
      for (const { units, unitPricePico, costPico } of cost?.components ?? []) {
        expect(costPico).toBe(BigInt(units) * BigInt(unitPricePico));
        total += costPico;
      }
      expect(cost?.totalPico).toBe(total);
    }));

  test('a bill of two calls together is that of each, added up, where no rate depends on the size', () =>
    fc.assert(
      fc.property(calls, calls, (one, other) => {
        const plain = row({ input: perMillion('3'), output: perMillion('15'), cacheRead: perMillion('0.3') });
        const both = Object.fromEntries(
          Object.entries(one).map(([part, n]) => [part, (n ?? 0) + (other[part as keyof Call] ?? 0)]),
        ) as unknown as Call;
        const total = (call: Call) => costOf(usage(call, true), plain)?.totalPico ?? -1n;
        expect(total(both)).toBe(total(one) + total(other));
      }),
    ));

  test('cached and fresh input are the whole input, in both ways of counting', () =>
    check((call) => {
      for (const included of [true, false]) {
        const { inputFull, cacheRead, cacheWrite } = usage(call, included);
        const lines = costOf(usage(call, included), row(FULL))?.components ?? [];
        const units = (...names: string[]) =>
          lines.filter(({ component }) => names.includes(component)).reduce((sum, line) => sum + line.units, 0);
        const whole = units('input', 'audioInput', 'imageInput', 'cacheRead', 'audioCacheRead', 'imageCacheRead');
        expect(whole + units('cacheWrite', 'cacheWrite1h')).toBe(inputFull ?? -1);
        expect(units('cacheRead', 'audioCacheRead', 'imageCacheRead')).toBe(cacheRead ?? -1);
        expect(units('cacheWrite', 'cacheWrite1h')).toBe(cacheWrite ?? -1);
      }
    }));

  test('every token of the prompt and of the output is billed once', () =>
    check((call) => {
      const of = usage(call, false);
      const lines = costOf(of, row(FULL))?.components ?? [];
      const sum = (output: boolean) =>
        lines
          .filter(({ component }) => OUTPUT.includes(component) === output)
          .reduce((all, { units }) => all + units, 0);
      expect([sum(false), sum(true)]).toEqual([of.inputFull ?? 0, call.output]);
    }));

  test('the bill does not depend on how the provider counts cached tokens', () =>
    check((call) => expect(costOf(usage(call, true), row(FULL))).toEqual(costOf(usage(call, false), row(FULL)))));

  test('a row without special rates bills whole prompt and output', () =>
    check((call) => {
      const of = usage(call, true);
      const plain = { input: perMillion('3'), output: perMillion('15') };
      const expected = BigInt(of.inputFull ?? 0) * 3_000_000n + BigInt(call.output) * 15_000_000n;
      expect(costOf(of, row(plain))?.totalPico).toBe(expected);
    }));

  test('more of anything never costs less', () =>
    check((call) => {
      const price = row(FULL, [
        { above: 200_000, rates: { ...FULL, input: perMillion('6'), output: perMillion('22.5') } },
      ]);
      const total = (of: Call) => costOf(usage(of, false), price)?.totalPico ?? -1n;
      for (const part of ['fresh', 'read', 'write', 'write1h', 'output', 'audioOut'] as const) {
        expect(total({ ...call, [part]: call[part] + 1 }) >= total(call)).toBe(true);
      }
    }));

  test('a price with an endless fraction is off by less than a pico-dollar for each component', () =>
    check((call) => {
      const third = { top: 1_000_000n, bottom: 3n };
      const cost = costOf(usage(call, true), row({ input: third, output: third }));
      const exactTimes3 = BigInt((usage(call, true).inputFull ?? 0) + call.output) * 1_000_000n;
      const off = (cost?.totalPico ?? 0n) * 3n - exactTimes3;
      expect(off >= -6n && off <= 6n).toBe(true);
    }));
});

describe('a cost is null where it is not known, and zero where it is zero', () => {
  const plain = row({ input: perMillion('3'), output: perMillion('15') });
  const cases: [what: string, usage: Usage | null, price: PriceRow, total: bigint | null][] = [
    ['no usage', null, plain, null],
    ['no counter', emptyUsage(), plain, null],
    ['units without a price', { ...emptyUsage(), units: { seconds: 9 } }, plain, null],
    [
      'tokens without a price',
      { ...emptyUsage(), input: 5, inputFull: 5, output: 5 },
      row({ second: perMillion('100') }),
      null,
    ],
    ['zero tokens', { ...emptyUsage(), input: 0, inputFull: 0, output: 0 }, plain, 0n],
    ['a free model', { ...emptyUsage(), input: 9, inputFull: 9 }, row({ input: perMillion('0') }), 0n],
    ['only the output known', { ...emptyUsage(), output: 2 }, plain, 30_000_000n],
    [
      'embeddings: no rate for output',
      { ...emptyUsage(), input: 2, inputFull: 2, output: 7 },
      row({ input: perMillion('3') }),
      6_000_000n,
    ],
  ];
  for (const [what, usage, price, total] of cases) {
    test(what, () => expect(costOf(usage, price)?.totalPico ?? null).toBe(total));
  }
});

describe('odd usages', () => {
  const price = row({
    input: perMillion('3'),
    output: perMillion('15'),
    cacheRead: perMillion('0.3'),
    cacheWrite: perMillion('1'),
  });
  const lines = (of: Partial<Usage>, at = price) =>
    costOf({ ...emptyUsage(), ...of }, at)?.components.map(({ component, units }) => `${component} ${units}`);

  test('the same tokens read and written are billed as both', () => {
    expect(lines({ input: 2168, inputFull: 2168, cacheRead: 2161, cacheWrite: 2161 })).toEqual([
      'input 7',
      'cacheRead 2161',
      'cacheWrite 2161',
    ]);
  });
  test('no more is cached than there was', () => {
    expect(lines({ input: 10, inputFull: 10, cacheRead: 50 })).toEqual(['cacheRead 10']);
  });
  test('a write for an hour without a price costs what any write costs', () => {
    const cost = costOf({ ...emptyUsage(), input: 9, inputFull: 9, cacheWrite: 9, cacheWrite1h: 4 }, price);
    expect(cost?.totalPico).toBe(9_000_000n);
  });
  test('reasoning with a rate of its own is taken out of the output, when it can be a part of it', () => {
    const apart = row({ output: perMillion('8'), reasoning: perMillion('3') });
    expect(lines({ output: 100, reasoning: 60 }, apart)).toEqual(['output 40', 'reasoning 60']);
    expect(lines({ output: 100, reasoning: 600 }, apart)).toEqual(['output 100', 'reasoning 600']);
  });
  test('a unit that is reported under two names is billed once, as the billed one', () => {
    const audio = row({ second: { top: 1n, bottom: 1n } });
    expect(lines({ units: { seconds: 3.2, billable_audio_seconds: 10 } }, audio)).toEqual(['second 10']);
  });
  test('pictures are billed one by one', () => {
    expect(lines({ units: { images: 3 } }, row({ image: { top: 1n, bottom: 1n } }))).toEqual(['image 3']);
  });
});
