import { plainRow } from '../plain-rule.ts';

export const ideogram = plainRow({
  slug: 'ideogram',
  name: 'Ideogram',
  baseUrl: 'https://api.ideogram.ai',
  credentialHeaders: ['api-key', 'authorization'],
  auth: { kind: 'header', name: 'api-key' },
  format: () => 'unknown',
});
