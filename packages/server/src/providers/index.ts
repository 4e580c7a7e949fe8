/**
 * Providers: one row each, and the registry that finds a row by URL slug. Knows formats; knows no gateway, no storage.
 */
export * from './auth/index.ts';
export { customProviderRow } from './custom.ts';
export { findProvider, PROVIDERS } from './registry.ts';
export * from './row.ts';
