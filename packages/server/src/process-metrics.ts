import { readdirSync } from 'node:fs';
import { type Metrics, residentBytes } from './lib/index.ts';
import type { AnswerCache } from './stores/cache-ports.ts';
import type { CounterStore } from './stores/counter-ports.ts';
import type { LogStore } from './stores/log-ports.ts';

export interface Watched {
  readonly logs: LogStore;
  readonly cache: AnswerCache;
  readonly counters: CounterStore;
  /** Attempts under way. */
  readonly activeAttempts: () => number;
  readonly version: string;
  readonly startedAtMs: number;
}

/** Adds what can be read off the stores and the process: looked at only when somebody asks. */
export function addProcessMetrics(metrics: Metrics, watched: Watched): void {
  const { logs, cache, counters, activeAttempts, version, startedAtMs } = watched;
  const gauge = (name: string, help: string, read: () => number) => metrics.read('gauge', name, { help, values: read });
  const count = (name: string, help: string, read: () => number) =>
    metrics.read('counter', name, { help, values: read });
  metrics.read('gauge', 'headgate_build_info', {
    help: 'Version, as a label.',
    values: () => [{ labels: { version }, value: 1 }],
  });
  gauge('headgate_active_attempts', 'Attempts under way.', activeAttempts);
  gauge('headgate_log_queued_rows', 'Log rows not committed yet.', () => logs.health().queuedRows);
  gauge('headgate_log_queued_bytes', 'Bytes of log rows not committed yet.', () => logs.health().queuedBytes);
  count(
    'headgate_log_dropped_rows_total',
    'Log rows lost: the queue was full, or writing failed again and again.',
    () => {
      return logs.health().droppedRows;
    },
  );
  count('headgate_log_dropped_bodies_total', 'Bodies left out of the log: the queue was full.', () => {
    return logs.health().droppedBodies;
  });
  count('headgate_log_damaged_segments_total', 'Log segments set aside.', () => logs.health().damagedSegments.length);
  gauge('headgate_log_failing', '1 while log rows cannot be written.', () =>
    logs.health().lastError === null ? 0 : 1,
  );
  metrics.read('gauge', 'headgate_cache_bytes', {
    help: 'Bytes of cached answers, by tier.',
    values: () => tiers(cache.stats().memoryBytes, cache.stats().diskBytes),
  });
  metrics.read('gauge', 'headgate_cache_entries', {
    help: 'Cached answers, by tier.',
    values: () => tiers(cache.stats().memoryEntries, cache.stats().diskEntries),
  });
  count('headgate_cache_dropped_writes_total', 'Answers that did not reach the disk tier.', () => {
    return cache.stats().droppedWrites;
  });
  gauge('headgate_limit_counters', 'Counters of rate and spend limits held.', () => counters.health().counters);
  count(
    'headgate_limit_counters_evicted_total',
    'Counters dropped before their time.',
    () => counters.health().evicted,
  );
  gauge(
    'headgate_limit_counters_unwritten',
    'Counters with changes not on disk yet.',
    () => counters.health().unwritten,
  );
  gauge('headgate_limit_counters_failing', '1 while counters cannot be written.', () =>
    counters.health().lastError === null ? 0 : 1,
  );
  gauge(
    'process_resident_memory_bytes',
    'Resident memory in bytes; -1 where the system does not tell.',
    () => residentBytes() ?? -1,
  );
  count('process_cpu_seconds_total', 'User and system CPU time in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge('process_open_fds', 'Open file descriptors; -1 where the system does not tell.', openDescriptors);
  gauge('process_start_time_seconds', 'Start, in seconds since 1970.', () => startedAtMs / 1000);
}

function tiers(memory: number, disk: number) {
  return [
    { labels: { tier: 'memory' }, value: memory },
    { labels: { tier: 'disk' }, value: disk },
  ];
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
