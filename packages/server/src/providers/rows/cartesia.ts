import { plainRow } from '../plain-rule.ts';

export const cartesia = plainRow({
  slug: 'cartesia',
  name: 'Cartesia',
  baseUrl: 'https://api.cartesia.ai',
  credentialHeaders: ['x-api-key', 'authorization'],
  credentialQuery: ['api_key'],
  auth: { kind: 'header', name: 'x-api-key', defaults: { 'cartesia-version': '2024-11-13' } },
  format: () => 'unknown',
});
