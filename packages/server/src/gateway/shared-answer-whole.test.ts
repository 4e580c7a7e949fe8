import { describe, expect, test } from 'bun:test';
import { type Answer, readAll, scene } from '../../../../test/support/shared-answers.ts';
import type { AnswerReader } from './shared-answer.ts';

describe('InFlight, where the body is here at once', () => {
  test('an answer that is here whole is stored before anybody reads it, and everybody who waits gets it', async () => {
    const { call, stored, inFlight, budget } = scene();
    const bytes = Uint8Array.of(1, 2, 3);
    const calls = [call(async () => ({ body: bytes })), call(), call()];
    calls[2]?.leave();
    await expect(calls[2]?.reader).rejects.toThrow('the client left');
    const [leader, joined] = await Promise.all(calls.slice(0, 2).map(({ reader }) => reader));
    expect(stored).toEqual([[1, 2, 3]]);
    expect([leader?.led, joined?.led, leader?.whole, inFlight.size, budget.usedBytes]).toEqual([
      true,
      false,
      bytes,
      0,
      0,
    ]);
    for (const reader of [leader, joined]) {
      expect(await readAll(reader as AnswerReader<Answer>)).toEqual({ bytes: [1, 2, 3], end: 'done' });
    }
  });

  test.each([
    ['an error', { status: 500 }, {}],
    ['one over the limit', {}, { limitBytes: 2 }],
  ])('%s that is here whole goes to those who wait, and is not stored', async (_name, head, options) => {
    const { call, stored, inFlight } = scene(options);
    const calls = [call(async () => ({ ...head, body: Uint8Array.of(1, 2, 3) })), call()];
    const readers = await Promise.all(calls.map(({ reader }) => reader));
    for (const reader of readers) expect(await readAll(reader)).toEqual({ bytes: [1, 2, 3], end: 'done' });
    expect([stored, inFlight.size]).toEqual([[], 0]);
  });
});
