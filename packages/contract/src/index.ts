/**
 * The wire: envelopes, the error table, ids, the endpoint records and the schemas of every management resource.
 * It does no I/O and knows nothing of the server.
 */
export * from './analytics.ts';
export * from './audit-logs.ts';
export * from './billing.ts';
export * from './cache.ts';
export * from './custom-providers.ts';
export * from './datasets.ts';
export * from './endpoint.ts';
export * from './endpoints.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './evaluation-types.ts';
export * from './evaluations.ts';
export * from './gateway-headers.ts';
export * from './gateways.ts';
export * from './grants.ts';
export * from './ids.ts';
export * from './logs.ts';
export * from './openapi.ts';
export * from './prices.ts';
export * from './provider-configs.ts';
export * from './query.ts';
export * from './repricing.ts';
export * from './route-elements.ts';
export * from './routes.ts';
export * from './secrets-store.ts';
export * from './tokens.ts';
