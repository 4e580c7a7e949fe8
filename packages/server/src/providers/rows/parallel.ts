import { plainRow } from '../plain-rule.ts';

export const parallel = plainRow({
  slug: 'parallel',
  name: 'Parallel',
  baseUrl: 'https://api.parallel.ai',
  credentialHeaders: ['x-api-key', 'authorization'],
  auth: { kind: 'header', name: 'x-api-key' },
});
