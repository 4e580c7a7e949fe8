import type { AnswerCache } from '../cache-ports.ts';
import { keepable, MemoryTier } from './memory-tier.ts';

/** A cache that forgets everything when it is closed. */
export function createMemoryAnswerCache({ memoryBytes = 64 * 1024 * 1024 } = {}): AnswerCache {
  const tier = new MemoryTier(memoryBytes);
  let memoryHits = 0;
  let misses = 0;
  return {
    get(key, nowMs) {
      const answer = tier.get(key, nowMs);
      if (answer === null) misses += 1;
      else memoryHits += 1;
      return answer;
    },
    put(key, answer) {
      const kept = keepable(answer);
      if (kept !== null) tier.put(key, kept);
    },
    purge: async (selection) => tier.purge({ ...selection }).length,
    purgeProvider: async (accountId, provider) => tier.purge({ accountId, provider }).length,
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
