import { describe, expect, test } from 'bun:test';
import { type Input, wrongWith } from './formats-check.ts';
import { Chance } from './formats-random.ts';
import { runRealtime } from './formats-realtime.ts';
import { nameOf, runTarget } from './formats-run.ts';
import { loadSeeds } from './formats-seeds.ts';
import { targets } from './formats-targets.ts';

/** A small, always equal part of what `npm run fuzz:formats` does. */
const BYTES = 150_000;

describe('mutated recordings', () => {
  test.each(targets().map((target): [string, typeof target] => [nameOf(target), target]))(
    'are read as %s without a throw, within the bounds, and alike in any pieces',
    (_name, target) => {
      const { found, inputs } = runTarget(target, { bytes: BYTES, chance: new Chance(20_261_126) });
      expect(found.map(({ wrong }) => wrong)).toEqual([]);
      expect(inputs).toBeGreaterThan(0);
    },
  );

  test('are read as realtime sessions without a throw and within the bounds', () => {
    const { wrong, inputs } = runRealtime({ bytes: 10 * BYTES, chance: new Chance(1) });
    expect(wrong).toBeNull();
    expect(inputs).toBeGreaterThan(10);
  });

  test('leave the prototype of all objects as it was', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });
});

describe('what was found once', () => {
  test.each(loadSeeds())('stays right: %s', (_name, input) => {
    for (let seed = 0; seed < 20; seed += 1) expect(wrongWith(input, new Chance(seed))).toBeNull();
  });
});

describe('the checks see', () => {
  const input = (text: string, more: Partial<Input> = {}): Input => ({
    format: 'openai-chat',
    contentType: 'application/json',
    status: 200,
    body: Buffer.from(text),
    ...more,
  });

  test('nothing wrong with a plain answer', () => {
    expect(wrongWith(input('{"choices":[{"message":{"content":"a"}}]}'), new Chance(1))).toBeNull();
  });

  test('a reader that throws', () => {
    const hostile = input('{}');
    Object.defineProperty(hostile, 'contentType', {
      get() {
        throw new Error('broken');
      },
    });
    expect(wrongWith(hostile, new Chance(1))).toStartWith('threw Error: broken');
  });
});
