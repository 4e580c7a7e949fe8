import { API_BASE, type EndpointName, endpointList } from '@headgate/contract';
import { gatewayBody } from '../../support/builders.ts';

const START = { id: 's', type: 'start', outputs: { next: { elementId: 'm' } } };
const MODEL = {
  id: 'm',
  type: 'model',
  properties: { provider: 'openai', model: 'gpt-4o-mini', retries: 0, timeout: 1000 },
  outputs: { success: { elementId: 'e' }, fallback: { elementId: 'e' } },
};
const SPEND = { limit: 5, limitType: 'cost', window: 3600, technique: 'sliding', provider: { mode: 'partition' } };
const SETTINGS = {
  ...{ cache_ttl: 60, rate_limiting_interval: 60, rate_limiting_limit: 1_000_000, rate_limiting_technique: 'sliding' },
  ...{ spend_limits: { enabled: true, rules: [SPEND] }, retry_max_attempts: 2, zdr: true, stream_usage: 'inject' },
  ...{
    dlp: { enabled: true, action: 'BLOCK', profiles: ['a'] },
    guardrails: { prompt: { S1: 'BLOCK' }, response: {} },
  },
  ...{ otel: [{ url: 'https://otel.example/v1/traces', headers: {}, authorization: 'a', content_type: 'json' }] },
};
const FILTER = { key: 'model', operator: 'eq', value: ['m'] };

/** A valid body for each operation that takes one. */
const BODIES: Partial<Record<EndpointName, unknown>> = {
  'gateways.create': gatewayBody('made', SETTINGS),
  'gateways.update': gatewayBody('fuzz', SETTINGS),
  'datasets.create': { name: 'd', enable: true, filters: [FILTER] },
  'datasets.update': { name: 'd', enable: true, filters: [FILTER] },
  'evaluations.create': { name: 'e', dataset_ids: ['d'], evaluation_type_ids: ['t'] },
  'customProviders.create': { name: 'Mine', slug: 'mine', base_url: 'https://api.example.com/v1', enable: true },
  'customProviders.edit': { name: 'Mine', headers: { 'x-a': 'b' }, enable: false },
  'providerConfigs.create': { provider_slug: 'openai', alias: 'a', default_config: true, secret: 's', rate_limit: 5 },
  'providerConfigs.update': { alias: 'a', default_config: true, rate_limit: 5, rate_limit_period: 60 },
  'dynamicRouting.create': { name: 'r', elements: [START, MODEL, { id: 'e', type: 'end', outputs: {} }] },
  'dynamicRouting.createVersion': { elements: [START, MODEL, { id: 'e', type: 'end', outputs: {} }] },
  'dynamicRouting.update': { name: 'r2' },
  'dynamicRouting.createDeployment': { version_id: 'v' },
  'logs.edit': { feedback: 1, score: 50, metadata: { a: 1 } },
  'logs.reprice': { since: '2026-01-01T00:00:00Z' },
  'prices.set': { rates: { input: 1.5, output: '2.25' }, tiers: [{ above: 200_000, rates: { input: 3 } }] },
  'tokens.create': { name: 't', policies: [{ effect: 'allow', permission_groups: [{ id: 'g' }], resources: {} }] },
  'secretStores.create': [{ name: 'store' }],
  'secrets.create': [{ name: 'n', value: 'v', scopes: ['ai_gateway'] }],
};

const PARAMS: Record<string, string> = {
  ...{ account_id: 'local', gateway_id: 'fuzz', provider: 'openai', model: 'gpt-4o-mini' },
  ...{ id: '01b8dac5-b400-76ac-9c6a-26344b885e0c', version_id: '01b8dac5-b400-76ac-9c6a-26344b885e0d', store_id: 's' },
};

/** Every operation of the management API, with its address filled in. */
export const OPERATIONS: readonly [method: string, target: string, body: unknown][] = endpointList.map(
  ([name, { method, path, body }]) => [
    method,
    API_BASE + path.replaceAll(/\{(\w+)\}/g, (_all, param: string) => PARAMS[param] ?? param),
    body === null ? null : (BODIES[name] ?? {}),
  ],
);
