import type { Clock } from './clock.ts';

/** How often memory is looked at, in milliseconds, and the growth that is worth a collection, in bytes. */
const LOOK_MS = 1000;
const GROWTH_BYTES = 32 * 1024 * 1024;

export interface MemoryProbe {
  /** Resident memory of the process in bytes. */
  residentBytes(): number;
  /** Collects garbage and gives free pages back. */
  collect(): void;
}

export const processMemory: MemoryProbe = {
  residentBytes: () => process.memoryUsage.rss(),
  // The synchronous kind: only that one gives pages back. It takes some ten milliseconds.
  collect: () => Bun.gc(true),
};

/**
 * Collects garbage after resident memory has grown. The engine's own schedule looks at its heap, which stays at a few
 * megabytes; what sockets and buffers of ended streams hold lies outside of it, and would wait for long.
 * Returns a function that stops it.
 */
export function keepMemoryLow(clock: Clock, memory: MemoryProbe = processMemory): () => void {
  let base = memory.residentBytes();
  const look = () => {
    const now = memory.residentBytes();
    if (now > base + GROWTH_BYTES) {
      memory.collect();
      base = memory.residentBytes();
    } else if (now < base) {
      base = now;
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}
