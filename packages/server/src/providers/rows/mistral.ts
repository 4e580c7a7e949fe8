import { ensureVersion, plainRow } from '../plain-rule.ts';

export const mistral = plainRow({
  slug: 'mistral',
  name: 'Mistral AI',
  baseUrl: 'https://api.mistral.ai',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: ensureVersion(),
});
