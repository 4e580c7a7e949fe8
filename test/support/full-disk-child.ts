/** A process for the fault tests to starve: fills the cache whose file is given until it can't be written, and reports. */
import { CacheBench } from './answer-caches.ts';
import { cachedAnswer, keyOf } from '../../packages/server/src/stores/contract/index.ts';

const [file = ''] = process.argv.slice(2);
const bench = new CacheBench();
const cache = await bench.open({ file });
const store = async (name: number, bytes: number) => {
  cache.put(keyOf(name), cachedAnswer({ body: new Uint8Array(bytes) }));
  await bench.written(cache);
  return (await bench.found(cache, [name])).length === 1;
};
let count = 0;
// Small ones at the end, so that there is not even room to note a removal.
for (const bytes of [100_000, 1]) while (count < 200 && (await store(count, bytes))) count += 1;
const failed = cache.stats().lastError !== null;
await cache.purge({ gatewayKey: 'gateway-1' });
const leftAfterPurge = (await bench.found(cache, Array(count).keys())).length;
const storedAfterwards = await store(0, 100_000);
const { lastError } = cache.stats();
await bench.dispose();
const report = { stored: count, failed, leftAfterPurge, storedAfterwards, lastError, problems: bench.problems };
process.stdout.write(JSON.stringify(report));
