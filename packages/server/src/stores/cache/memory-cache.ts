import type { AnswerCache } from '../cache-ports.ts';
import { keepable, MemoryTier } from './memory-tier.ts';
import type { Selection } from './protocol.ts';
import { PurgeLog } from './purge-log.ts';

/** A cache that forgets everything when it is closed. */
export function createMemoryAnswerCache({ memoryBytes = 64 * 1024 * 1024 } = {}): AnswerCache {
  const tier = new MemoryTier(memoryBytes);
  let memoryHits = 0;
  let misses = 0;
  const purges = new PurgeLog();
  const purge = async (selection: Selection) => {
    purges.add(selection);
    return tier.purge(selection).length;
  };
  return {
    get(key, nowMs) {
      const answer = tier.get(key, nowMs);
      if (answer === null) misses += 1;
      else memoryHits += 1;
      return answer;
    },
    put(key, answer, epoch = purges.epoch) {
      const kept = keepable(answer);
      if (kept !== null && purges.allows(kept, epoch)) tier.put(key, kept);
    },
    epoch: () => purges.epoch,
    purge: (selection) => purge({ ...selection }),
    purgeProvider: (accountId, provider) => purge({ accountId, provider }),
    stats: () => ({
      memoryEntries: tier.size,
      memoryBytes: tier.bytes,
      diskEntries: 0,
      diskBytes: 0,
      memoryHits,
      diskHits: 0,
      misses,
      droppedWrites: 0,
      lastError: null,
    }),
    close: async () => tier.clear(),
  };
}
