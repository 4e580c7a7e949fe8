import type { z } from 'zod';
import { analyticsEndpoints } from './analytics.ts';
import { auditEndpoints } from './audit-logs.ts';
import { billingEndpoints } from './billing.ts';
import { cacheEndpoints } from './cache.ts';
import { customProviderEndpoints } from './custom-providers.ts';
import { datasetEndpoints } from './datasets.ts';
import type { Endpoint, ParamName } from './endpoint.ts';
import { evaluationEndpoints } from './evaluations.ts';
import { gatewayEndpoints } from './gateways.ts';
import { logEndpoints } from './logs.ts';
import { priceEndpoints } from './prices.ts';
import { providerConfigEndpoints } from './provider-configs.ts';
import { repriceEndpoints } from './repricing.ts';
import { routeEndpoints } from './routes.ts';
import { secretsStoreEndpoints } from './secrets-store.ts';
import { tokenEndpoints } from './tokens.ts';

/** Every management operation by name; the name is also its operation id. */
export const endpoints = {
  ...gatewayEndpoints,
  ...logEndpoints,
  ...repriceEndpoints,
  ...priceEndpoints,
  ...analyticsEndpoints,
  ...cacheEndpoints,
  ...providerConfigEndpoints,
  ...customProviderEndpoints,
  ...secretsStoreEndpoints,
  ...routeEndpoints,
  ...datasetEndpoints,
  ...evaluationEndpoints,
  ...auditEndpoints,
  ...tokenEndpoints,
  ...billingEndpoints,
};

export type Endpoints = typeof endpoints;
export type EndpointName = keyof Endpoints;

export const endpointList: readonly (readonly [EndpointName, Endpoint])[] = Object.entries(endpoints) as [
  EndpointName,
  Endpoint,
][];

export type ParamsOf<E extends Endpoint> = Record<ParamName<E['path']>, string>;
export type QueryOf<E extends Endpoint> = z.output<E['query']>;
export type BodyOf<E extends Endpoint> = E['body'] extends z.ZodType ? z.output<E['body']> : null;
export type ResponseOf<E extends Endpoint> = z.output<E['response']>;
