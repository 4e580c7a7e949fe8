/**
 * The data plane: one call, from request to settled log row. `handle.ts` is the walk, `steps/` one file per step.
 * Knows formats, providers and the storage ports; knows no socket, no SQL, no management API.
 */
export { OwnTokens } from './credentials.ts';
export { createGateway, type Gateway, type GatewaySettings } from './handle.ts';
export { createMeasures } from './measures.ts';
export { type FailureReason, type Send, UpstreamFailure, type UpstreamRequest } from './upstream.ts';
