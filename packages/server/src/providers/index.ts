/**
 * Providers: one row each, and the registry that finds a row by URL slug. Knows formats; knows no gateway, no storage.
 */
export * from './row.ts';
