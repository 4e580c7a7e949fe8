/**
 * What every adapter of a port must do, as test suites, and the builders that they use. For tests only: production code
 * never imports it.
 */
export * from './answer-cache.ts';
export * from './builders.ts';
export * from './log-store.ts';
export * from './counter-store.ts';
