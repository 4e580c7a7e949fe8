import { dropVersion, plainRow } from '../plain-rule.ts';

export const fireworks = plainRow({
  slug: 'fireworks',
  name: 'Fireworks AI',
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)responses$/ },
  rewrite: dropVersion('inference'),
});
