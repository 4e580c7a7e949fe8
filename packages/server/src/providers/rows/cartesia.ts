import { plainRow } from '../plain-rule.ts';

export const cartesia = plainRow({
  slug: 'cartesia',
  name: 'Cartesia',
  baseUrl: 'https://api.cartesia.ai',
  credentialHeaders: ['x-api-key', 'authorization'],
  credentialQuery: ['api_key'],
  format: () => 'unknown',
});
