import type { Clock } from '../../lib/index.ts';
import type { AnswerCache, AnswerCacheStats, CachedAnswer, PurgeSelection } from '../cache-ports.ts';
import { DiskTier } from './disk-tier.ts';
import { keepable, MemoryTier } from './memory-tier.ts';
import { fingerprint, type Selection } from './protocol.ts';
import { PurgeLog } from './purge-log.ts';

export interface AnswerCacheOptions {
  /** Database file, made when missing with its directory. No other process may use it at the same time. */
  file: string;
  clock: Clock;
  /** Default 64 MiB. */
  memoryBytes?: number;
  /** Default 1 GiB. */
  diskBytes?: number;
  /** Told in one line of a damaged file and of each new failure to use it. */
  onProblem?: (line: string) => void;
}

/**
 * Opens the cache: memory over an SQLite file that survives a restart. A damaged file is set aside and the cache starts
 * empty. Rejects when the file can't be made, or is in use.
 */
export async function openAnswerCache(options: AnswerCacheOptions): Promise<AnswerCache> {
  const { file, clock, memoryBytes = 64 * 1024 * 1024, diskBytes = 1024 ** 3, onProblem = () => {} } = options;
  const disk = new DiskTier({ file, clock, maxBytes: diskBytes, onProblem });
  await disk.open();
  return new TieredCache(new MemoryTier(memoryBytes), disk);
}

class TieredCache implements AnswerCache {
  readonly #memory: MemoryTier;
  readonly #disk: DiskTier;
  /** Answers on their way from disk: read once for all who ask, and kept in memory unless they went stale on the way. */
  readonly #reading = new Map<string, Promise<CachedAnswer | null>>();
  readonly #purges = new PurgeLog();
  readonly #count = { memoryHits: 0, diskHits: 0, misses: 0 };

  constructor(memory: MemoryTier, disk: DiskTier) {
    this.#memory = memory;
    this.#disk = disk;
  }

  get(key: string, nowMs: number): CachedAnswer | null | Promise<CachedAnswer | null> {
    const held = this.#memory.get(key, nowMs);
    if (held !== null) {
      this.#count.memoryHits += 1;
      this.#disk.used(key, nowMs);
      return held;
    }
    const queued = this.#disk.queued(key);
    if (queued !== null) return this.#counted(alive(queued, nowMs), 'memoryHits');
    if (!this.#disk.mayHold(key)) return this.#counted(null, 'memoryHits');
    const reading = this.#reading.get(key) ?? this.#read(key, nowMs);
    return reading.then((answer) => this.#counted(alive(answer, nowMs), 'diskHits'));
  }

  put(key: string, answer: CachedAnswer, epoch = this.#purges.epoch): void {
    const kept = keepable(answer);
    if (kept === null || !this.#purges.allows(kept, epoch)) return;
    this.#reading.delete(key);
    this.#memory.put(key, kept);
    this.#disk.put(key, kept);
  }

  epoch(): number {
    return this.#purges.epoch;
  }

  purge(selection: PurgeSelection): Promise<number> {
    return this.#purge({ ...selection });
  }

  purgeProvider(accountId: string, provider: string): Promise<number> {
    return this.#purge({ accountId, provider });
  }

  stats(): AnswerCacheStats {
    const { size: memoryEntries, bytes: memoryBytes } = this.#memory;
    const { size: diskEntries, bytes: diskBytes, droppedWrites, lastError } = this.#disk;
    return { memoryEntries, memoryBytes, diskEntries, diskBytes, ...this.#count, droppedWrites, lastError };
  }

  async close(): Promise<void> {
    await this.#disk.close();
    this.#memory.clear();
  }

  #read(key: string, nowMs: number): Promise<CachedAnswer | null> {
    const reading = this.#disk.read(key, nowMs).then((answer) => {
      // Put anew or purged meanwhile: what was read may be given to those who asked before, and no further.
      const current = this.#reading.get(key) === reading;
      if (current) this.#reading.delete(key);
      if (current && answer !== null) this.#memory.put(key, answer);
      return answer;
    });
    this.#reading.set(key, reading);
    return reading;
  }

  async #purge(selection: Selection): Promise<number> {
    this.#purges.add(selection);
    this.#reading.clear();
    const keys = new Set([...this.#memory.purge(selection), ...this.#disk.unqueue(selection)]);
    const gone = await this.#disk.purge(selection);
    const onlyHere = [...keys].filter((key) => !gone.has(fingerprint(key)));
    return gone.size + onlyHere.length;
  }

  #counted(answer: CachedAnswer | null, hit: 'memoryHits' | 'diskHits'): CachedAnswer | null {
    this.#count[answer === null ? 'misses' : hit] += 1;
    return answer;
  }
}

function alive(answer: CachedAnswer | null, nowMs: number): CachedAnswer | null {
  return answer !== null && answer.expiresAtMs > nowMs ? answer : null;
}
