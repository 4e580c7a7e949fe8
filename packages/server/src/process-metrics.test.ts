import { expect, test } from 'bun:test';
import { createMeasures } from './gateway/index.ts';
import { Metrics, systemClock } from './lib/index.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createMemoryAnswerCache } from './stores/cache/index.ts';
import { openMemoryCounters } from './stores/counters/index.ts';
import { openMemoryLogStore } from './stores/memory/index.ts';

function page(): string {
  const metrics = new Metrics();
  createMeasures(metrics);
  addProcessMetrics(metrics, {
    logs: openMemoryLogStore(),
    cache: createMemoryAnswerCache(),
    counters: openMemoryCounters(),
    activeAttempts: () => 3,
    version: '1.2.3',
    startedAtMs: systemClock.nowMs(),
  });
  return metrics.text();
}

test('docs/metrics.md lists every metric, and no other', async () => {
  const docs = await Bun.file(new URL('../../../docs/metrics.md', import.meta.url)).text();
  const listed = docs
    .split('\n')
    .filter((line) => line.startsWith('| `headgate_') || line.startsWith('| `process_'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const served = [...page().matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(served.toSorted());
});

test('the process and its stores are read when the page is asked for', () => {
  const text = page();
  expect(text).toContain('headgate_build_info{version="1.2.3"} 1\n');
  expect(text).toContain('headgate_active_attempts 3\n');
  expect(text).toContain('headgate_cache_bytes{tier="memory"} 0\n');
  expect(text).toMatch(/\nprocess_resident_memory_bytes [1-9]\d{6,}\n/);
  expect(text).toMatch(/\nprocess_open_fds ([1-9]\d*|-1)\n/);
});
