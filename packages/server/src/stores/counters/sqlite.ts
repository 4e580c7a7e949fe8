import { renameSync, rmSync } from 'node:fs';
import type { Clock } from '../../lib/index.ts';
import type { CounterStore } from '../counter-ports.ts';
import type { Counter, Journal } from './counter.ts';
import { type CounterBounds, CounterSet, DEFAULT_BOUNDS } from './counter-set.ts';
import { CounterTables, isDamage } from './counter-tables.ts';

export interface SqliteCounterOptions {
  file: string;
  clock: Clock;
  bounds?: CounterBounds;
}

/** From a change to the file: what a killed process forgets at most. */
const FLUSH_MS = 250;
/** A counter with more changed times than this is written anew: keeps the list short while writing fails. */
const MOST_CHANGED_TIMES = 4_096;

/**
 * Counters in memory, written to one SQLite file in batches. A killed process forgets what it counted in the last 250 ms;
 * what it had reserved and not settled stays counted as spent until its window has passed. One process per file.
 * A damaged file is moved aside and counting starts from nothing: `health().setAside` says where it went.
 * @throws when the file cannot be opened or made.
 */
export function openSqliteCounters({ file, clock, bounds = DEFAULT_BOUNDS }: SqliteCounterOptions): CounterStore {
  const { tables, setAside } = openTables(file, clock.nowMs());
  const writer = new Writer(tables, clock);
  const set = new CounterSet(bounds, writer);
  for (const { key, technique, intervalMs, atMs, amount } of tables.load(clock.nowMs())) {
    set.restore(key, { technique, intervalMs }).restore(atMs, amount);
  }
  return {
    take: (key, window, amount, nowMs) => set.take(key, window, amount, nowMs),
    reserve: (claims, nowMs) => set.reserve(claims, nowMs),
    peek: (key, window, nowMs) => set.peek(key, window, nowMs),
    health: () => ({
      counters: set.size,
      evicted: set.evicted,
      unwritten: writer.unwritten,
      lastError: writer.lastError,
      setAside,
    }),
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}

function openTables(file: string, nowMs: number): { tables: CounterTables; setAside: string | null } {
  try {
    return { tables: new CounterTables(file), setAside: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = `${file}.damaged-${nowMs}`;
    renameSync(file, setAside);
    for (const companion of ['-wal', '-shm']) rmSync(file + companion, { force: true });
    return { tables: new CounterTables(file), setAside };
  }
}

/** Gathers changes and writes them, one batch at most every `FLUSH_MS`. */
class Writer implements Journal {
  lastError: string | null = null;
  #changes = new Map<Counter, Set<number> | 'all'>();
  #dropped = new Set<string>();
  #cancelFlush: (() => void) | null = null;
  #closed = false;

  constructor(
    private readonly tables: CounterTables,
    private readonly clock: Clock,
  ) {}

  get unwritten(): number {
    return this.#changes.size + this.#dropped.size;
  }

  changed(counter: Counter, atMs: number): void {
    const changes = this.#changes.get(counter);
    if (changes === 'all') return;
    if (changes === undefined) this.#changes.set(counter, new Set([atMs]));
    else if (changes.size < MOST_CHANGED_TIMES) changes.add(atMs);
    else this.#changes.set(counter, 'all');
    this.#schedule();
  }

  rewritten(counter: Counter): void {
    this.#changes.set(counter, 'all');
    this.#schedule();
  }

  dropped(counter: Counter): void {
    this.#changes.delete(counter);
    this.#dropped.add(counter.key);
    this.#schedule();
  }

  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    if (this.unwritten === 0) return;
    try {
      this.tables.write(this.#dropped, this.#changes);
    } catch (error) {
      this.lastError = error instanceof Error ? error.message : String(error);
      this.#schedule();
      return;
    }
    this.lastError = null;
    this.#dropped.clear();
    this.#changes.clear();
  }

  close(): void {
    this.flush();
    this.#cancelFlush?.();
    this.#closed = true;
    this.tables.close();
  }

  #schedule(): void {
    if (!this.#closed) this.#cancelFlush ??= this.clock.after(FLUSH_MS, () => this.flush());
  }
}
