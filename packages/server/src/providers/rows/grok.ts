import { ensureVersion, plainRow } from '../plain-rule.ts';

export const grok = plainRow({
  slug: 'grok',
  name: 'xAI',
  aliases: ['xai'],
  baseUrl: 'https://api.x.ai',
  credentialHeaders: ['authorization', 'x-api-key'],
  auth: { kind: 'bearer' },
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)responses$/ },
  // Anthropic clients, which xAI serves too, send `x-api-key`.
  rewrite: ensureVersion(),
});
