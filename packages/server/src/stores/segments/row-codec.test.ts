import { expect, test } from 'bun:test';
import { logRecord, usageOf } from '../contract/builders.ts';
import { decodeEnding, decodeOrigin, decodeRow, encodeRow, toPlain } from './row-codec.ts';

test.each([
  ['with usage it was the provider’s', usageOf({ input: 3 }), 'provider'],
  ['without there is no source', null, null],
] as const)(
  'a row written before rows had a source of their counters, or a word on retention: %s',
  (_rule, usage, source) => {
    const { row, profiles } = encodeRow(toPlain(logRecord({ usage, usageSource: 'estimated' })));
    const before = JSON.stringify(JSON.parse(profiles.ending).slice(0, -2));
    const decoded = decodeRow(
      { ...row, origin: 1, ending: 1, bill: 1 },
      { origin: decodeOrigin(profiles.origin), ending: decodeEnding(before), bill: profiles.bill, gatewayKey: 'g' },
    );
    expect(decoded).toMatchObject({ usage, usageSource: source, zeroRetention: null });
  },
);
