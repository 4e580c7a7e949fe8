import { afterEach, expect, test } from 'bun:test';
import type { Walk } from '../support/walk.ts';
import { answer } from '../support/scripted.ts';
import { startWalk } from '../support/walk.ts';
import type { RawConnection } from '../support/raw-http.ts';

/** A purge while an answer is under way: it goes to those who wait for it, and nobody meets it later. */

let walk: Walk;
afterEach(async () => {
  expect(walk.reported).toEqual([]);
  await walk.stop();
});

/** A gateway that caches, before a provider whose answers the test gives by hand, in the order of the requests. */
async function begin() {
  const connections: RawConnection[] = [];
  let tell = () => {};
  walk = await startWalk({
    policy: { cacheTtlS: 3600 },
    upstream: async (_request, connection) => {
      connections.push(connection);
      tell();
    },
  });
  return async (index: number) => {
    for (;;) {
      const found = connections[index];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    }
  };
}
const ask = async (path = '/openai/chat/completions') => {
  const response = await fetch(walk.base + path, { method: 'POST', body: '{"model":"m"}' });
  return `${await response.text()} ${response.headers.get('cf-aig-cache-status')}`;
};

test.each([
  ['of the gateway', (walk: Walk) => walk.cache.purge({ gatewayKey: 'key-of-g' })],
  ['of the model', (walk: Walk) => walk.cache.purge({ gatewayKey: 'key-of-g', model: 'm' })],
  ['of the provider on all gateways', (walk: Walk) => walk.cache.purgeProvider('local', 'openai')],
])('a purge %s keeps the answer from being stored', async (_rule, purge) => {
  const connection = await begin();
  const asking = ask();
  const first = await connection(0);
  await purge(walk);
  await first.write(answer(200, '"old"'));
  expect(await asking).toBe('"old" MISS');
  const again = ask();
  await (await connection(1)).write(answer(200, '"new"'));
  expect(await again).toBe('"new" MISS');
  expect(await ask()).toBe('"new" HIT');
});

test('who asks after it does not join what was under way before', async () => {
  const connection = await begin();
  const before = ask();
  const first = await connection(0);
  await walk.cache.purge({ gatewayKey: 'key-of-g' });
  const after = ask();
  const second = await connection(1);
  await second.write(answer(200, '"new"'));
  expect(await after).toBe('"new" MISS');
  await first.write(answer(200, '"old"'));
  expect([await before, await ask()]).toEqual(['"old" MISS', '"new" HIT']);
});

test.each([
  ['another gateway', (walk: Walk) => walk.cache.purge({ gatewayKey: 'other' })],
  ['another model', (walk: Walk) => walk.cache.purge({ gatewayKey: 'key-of-g', model: 'n' })],
  ['another account', (walk: Walk) => walk.cache.purgeProvider('other', 'openai')],
])('a purge of %s lets it be stored', async (_rule, purge) => {
  const connection = await begin();
  const asking = ask();
  const first = await connection(0);
  await purge(walk);
  await first.write(answer(200, '"kept"'));
  expect([await asking, await ask()]).toEqual(['"kept" MISS', '"kept" HIT']);
});

test('so many purges that nobody remembers which: not stored', async () => {
  const connection = await begin();
  const asking = ask();
  const first = await connection(0);
  for (let i = 0; i < 300; i++) await walk.cache.purge({ gatewayKey: 'other' });
  await first.write(answer(200, '"unsure"'));
  expect(await asking).toBe('"unsure" MISS');
  const again = ask();
  await (await connection(1)).write(answer(200, '"sure"'));
  expect(await again).toBe('"sure" MISS');
});
