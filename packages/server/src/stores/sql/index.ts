/**
 * The control store in SQL: gateways, tokens and everything else that is configured, in one table of entries, with the
 * in-memory view for the data plane and an audit row for every change. Knows nothing of HTTP.
 */
export type { ControlStore } from '../control-ports.ts';
export { WrongMasterKey } from './master-key-check.ts';
export { MigrationError } from './migrate.ts';
export { openControlStore } from './open.ts';
export { DamagedDatabase } from './open-database.ts';
export { rotateMasterKey } from './rotate.ts';
