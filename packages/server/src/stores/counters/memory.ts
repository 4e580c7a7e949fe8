import type { CounterStore } from '../counter-ports.ts';
import { type CounterBounds, CounterSet, DEFAULT_BOUNDS } from './counter-set.ts';

/** Counters that a restart forgets. */
export function openMemoryCounters(bounds: CounterBounds = DEFAULT_BOUNDS): CounterStore {
  const set = new CounterSet(bounds, null);
  return {
    take: (key, window, amount, nowMs) => set.take(key, window, amount, nowMs),
    reserve: (claims, nowMs) => set.reserve(claims, nowMs),
    peek: (key, window, nowMs) => set.peek(key, window, nowMs),
    health: () => ({ counters: set.size, evicted: set.evicted, unwritten: 0, lastError: null, setAside: null }),
    flush: () => {},
    close: () => {},
  };
}
