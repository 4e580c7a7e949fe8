import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { logRecord } from '../stores/contract/index.ts';
import type { LogRecord } from '../stores/log-ports.ts';
import { wireBill } from './wire-log.ts';

/** `cost_breakdown` of a log. */

const bill = (lines: NonNullable<LogRecord['bill']>['lines'], more: Partial<LogRecord['bill']> = {}) =>
  ({ source: 'list', version: '2026-09-23', lines, ...more }) as NonNullable<LogRecord['bill']>;

test('shows each line in dollars, names as the wire has them', () => {
  const lines = [
    { component: 'input', units: 1000, unitPrice: '2500000' },
    { component: 'cacheWrite1h', units: 3, unitPrice: '43.5' },
    { component: 'second', units: 9, unitPrice: '100000000/9' },
  ];
  expect(wireBill(logRecord({ costPico: 2_600_000_131n, bill: bill(lines) }))).toEqual({
    total: 0.002600000131,
    currency: 'USD',
    price_version: '2026-09-23',
    source: 'list',
    components: [
      { component: 'input', units: 1000, unit_price: '0.0000025', cost: 0.0025 },
      { component: 'cache_write_1h', units: 3, unit_price: '0.0000000000435', cost: 1.31e-10 },
      { component: 'second', units: 9, unit_price: '1/90000', cost: 0.0001 },
    ],
  });
});

describe('without a bill', () => {
  test('an answer from the cache cost nothing', () => {
    expect(wireBill(logRecord({ cached: true, costPico: 0n }))).toEqual({
      total: 0,
      currency: 'USD',
      price_version: null,
      source: 'cache',
      components: [],
    });
  });
  test('a cost that is not known has no breakdown, whatever prices the client sent', () => {
    expect(wireBill(logRecord())).toBeNull();
    expect(wireBill(logRecord({ bill: bill([], { source: 'custom', version: null }) }))).toBeNull();
  });
});

test('the components add up to the total, to the pico-dollar', () => {
  const line = fc.record({ units: fc.nat(1_000_000), pico: fc.nat(10_000_000) });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (given) => {
      const lines = given.map(({ units, pico }) => ({ component: 'input', units, unitPrice: String(pico) }));
      const costPico = given.reduce((sum, { units, pico }) => sum + BigInt(units) * BigInt(pico), 0n);
      const wire = wireBill(logRecord({ costPico, bill: bill(lines) }));
      const sum = (wire?.components ?? []).reduce((all, { cost }) => all + BigInt(Math.round(cost * 1e12)), 0n);
      expect(sum).toBe(costPico);
    }),
  );
});
