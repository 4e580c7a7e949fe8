/** Small parts with no domain words: clock, ids, secrets, metrics, distributions, memory. Nothing here knows what a gateway is. */
export * from './clock.ts';
export * from './distribution.ts';
export * from './fields.ts';
export * from './ids.ts';
export { splitLongRuns } from './long-runs.ts';
export * from './metrics.ts';
export { keepMemoryLow, processMemory, residentBytes } from './memory.ts';
export * from './secret.ts';
export * from './private-address.ts';
