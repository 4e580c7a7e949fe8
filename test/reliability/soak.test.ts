import { expect, test } from 'bun:test';
import { runSoak } from './soak.ts';

/** The soak in a short form: answers, rows and queues are checked, slopes only for what is out of all proportion. */
test('under mixed traffic and changing settings every answer is right and every call has its rows, once', async () => {
  const { failures, calls, rows } = await runSoak({
    seconds: 60,
    rate: 40,
    memory: { perCall: 1024, noise: 256 * 2 ** 20 },
    descriptors: { perCall: 0.1, noise: 200 },
  });
  expect(failures).toEqual([]);
  expect(rows).toBeGreaterThan(0);
  expect(calls).toBeGreaterThan(0);
}, 150_000);
