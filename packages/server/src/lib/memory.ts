import type { Clock } from './clock.ts';

/** How often to look, in milliseconds; how much growth, in bytes, and how many ended streams are worth a collection. */
const LOOK_MS = 250;
const GROWTH_BYTES = 32 * 1024 * 1024;
const STREAMS = 500;
/** With fewer calls under way growth has other causes, which the engine's own schedule looks after: then only much of it counts. */
const MANY_CALLS = 200;
const MUCH_GROWTH_BYTES = 128 * 1024 * 1024;

export interface MemoryProbe {
  /** Resident memory of the process in bytes; null when it cannot be told now. */
  residentBytes(): number | null;
  /** Streams that have ended since the start. */
  endedStreams(): number;
  /** Calls under way. */
  calls(): number;
  /** Collects garbage and gives free pages back. */
  collect(): void;
}

/** Resident memory of this process in bytes; null when it cannot be told now, as when all descriptors are in use. */
export function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

/** The memory of this process, and what of the server's load bears on it. */
export function processMemory(load: Pick<MemoryProbe, 'endedStreams' | 'calls'>): MemoryProbe {
  return {
    ...load,
    residentBytes,
    // The synchronous kind: only that one gives pages back. It takes some ten milliseconds.
    collect: () => Bun.gc(true),
  };
}

/**
 * Collects garbage after resident memory has grown or many streams have ended. The engine's own schedule looks at its heap,
 * which stays at a few megabytes; what sockets and buffers of ended streams hold lies outside of it, and would wait for
 * long. Returns a function that stops it.
 */
export function keepMemoryLow(clock: Clock, memory: MemoryProbe): () => void {
  let bytes = memory.residentBytes() ?? 0;
  let streams = memory.endedStreams();
  const look = () => {
    const now = memory.residentBytes() ?? bytes;
    const ended = memory.endedStreams();
    const growth = memory.calls() >= MANY_CALLS ? GROWTH_BYTES : MUCH_GROWTH_BYTES;
    if (now > bytes + growth || ended >= streams + STREAMS) {
      memory.collect();
      bytes = memory.residentBytes() ?? now;
      streams = ended;
    } else if (now < bytes) {
      bytes = now;
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}
