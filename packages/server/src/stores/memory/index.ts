/**
 * Stores held in memory by plain scans: for tests, and as the model that the real adapters are checked against. Knows no
 * other adapter, and shares no code with one, so that a mistake cannot hide in both.
 */
export { openMemoryLogStore } from './log-store.ts';
