import { dropVersion, plainRow } from '../plain-rule.ts';

export const groq = plainRow({
  slug: 'groq',
  name: 'Groq',
  baseUrl: 'https://api.groq.com/openai/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: dropVersion('openai'),
});
