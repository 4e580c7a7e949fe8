import type { Clock } from './clock.ts';

/** How often to look, in milliseconds; how much growth, in bytes, and how many ended streams are worth a collection. */
const LOOK_MS = 250;
const GROWTH_BYTES = 32 * 1024 * 1024;
const STREAMS = 500;

export interface MemoryProbe {
  /** Resident memory of the process in bytes; null when it cannot be told now. */
  residentBytes(): number | null;
  /** Streams that have ended since the start. */
  endedStreams(): number;
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

/** The memory of this process. @param endedStreams streams that have ended since the start. */
export function processMemory(endedStreams: () => number): MemoryProbe {
  return {
    residentBytes,
    endedStreams,
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
    if (now > bytes + GROWTH_BYTES || ended >= streams + STREAMS) {
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
