/**
 * The management API: one handler per endpoint record of the contract. Knows HTTP, tokens and the stores' ports; knows
 * nothing of the data plane or of how anything is stored.
 */
export { createApi } from './app.ts';
export type { ApiDeps } from './endpoint-handler.ts';
