import { dropVersion, plainRow } from '../plain-rule.ts';

export const openrouter = plainRow({
  slug: 'openrouter',
  name: 'OpenRouter',
  baseUrl: 'https://openrouter.ai/api/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: dropVersion('api'),
});
