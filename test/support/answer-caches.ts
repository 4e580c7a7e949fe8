import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnswerCacheOptions, openAnswerCache } from '../../packages/server/src/stores/cache/index.ts';
import type { AnswerCache } from '../../packages/server/src/stores/cache-ports.ts';
import { keyOf, START_MS } from '../../packages/server/src/stores/contract/index.ts';
import { FakeClock } from './fake-clock.ts';

/** A directory with a cache file in it, a clock, and the caches that a test opens on it. */
export class CacheBench {
  readonly clock = new FakeClock(START_MS);
  readonly problems: string[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'headgate-cache-'));
  readonly file = join(this.directory, 'sub', 'cache.db');
  readonly #open = new Set<AnswerCache>();

  /** Without memory unless said otherwise, so that the disk has to show what it does. */
  async open(options: Partial<AnswerCacheOptions> = {}): Promise<AnswerCache> {
    const { file, clock } = this;
    const onProblem = (line: string) => this.problems.push(line);
    const cache = await openAnswerCache({ file, clock, memoryBytes: 0, onProblem, ...options });
    this.#open.add(cache);
    return cache;
  }

  close(cache: AnswerCache): Promise<void> {
    this.#open.delete(cache);
    return cache.close();
  }

  /** Lets what waits be written. The file's thread takes one thing after the other, so an answer means that it is done. */
  async written(cache: AnswerCache): Promise<void> {
    this.clock.advance(50);
    await cache.purge({ gatewayKey: 'none' });
  }

  /** Which of these entries are there now. */
  async found<Name extends string | number>(cache: AnswerCache, names: Iterable<Name>): Promise<Name[]> {
    const there: Name[] = [];
    for (const name of names) if ((await cache.get(keyOf(name), this.clock.nowMs())) !== null) there.push(name);
    return there;
  }

  async dispose(): Promise<void> {
    for (const cache of this.#open) await cache.close();
    rmSync(this.directory, { recursive: true });
  }
}
