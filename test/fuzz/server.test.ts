import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Chance } from './formats-random.ts';
import { loadSeeds, openStage, type Stage, wrongIn } from './server/index.ts';

/** A small, always equal part of what `npm run fuzz:server` does. */
const REQUESTS = 4000;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('a running server', () => {
  test('answers valid requests of each kind', async () => {
    for (const request of stage.valid) expect(await stage.wrongWith(request)).toBeNull();
  });

  test('answers hostile requests without a fault of its own, and goes on', async () => {
    const { found, answers } = await stage.run(REQUESTS, new Chance(20_261_126));
    expect(found).toEqual([]);
    expect(await stage.ailment()).toBeNull();
    // Some are still good, most are refused by the gateway, some by the runtime.
    for (const first of ['2xx', '4xx']) expect(answers.get(first)).toBeGreaterThan(REQUESTS / 20);
  });

  test.each(loadSeeds())('still answers what was found once: %s', async (_name, request) => {
    expect(await stage.wrongWith(request)).toBeNull();
    expect(await stage.ailment()).toBeNull();
  });
});

test('a fault is an answer of ours from 500 on, but for a provider that cannot be reached', () => {
  expect(wrongIn({ status: 500, body: '{"internalCode":2000}' })).toStartWith('500 {');
  expect(wrongIn({ status: 503, body: '' })).toBe('503 ');
  const unreachable = '{"internalCode":2005}';
  expect(
    [null, { status: 499, body: '' }, { status: 502, body: unreachable }, { status: 505, body: '' }].map(wrongIn),
  ).toEqual([null, null, null, null]);
});
