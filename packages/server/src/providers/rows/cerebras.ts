import { dropVersion, plainRow } from '../plain-rule.ts';

export const cerebras = plainRow({
  slug: 'cerebras',
  name: 'Cerebras',
  baseUrl: 'https://api.cerebras.ai/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: dropVersion(),
});
