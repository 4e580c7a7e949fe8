import { ensureVersion, plainRow } from '../plain-rule.ts';

export const anthropic = plainRow({
  slug: 'anthropic',
  name: 'Anthropic',
  baseUrl: 'https://api.anthropic.com',
  credentialHeaders: ['x-api-key', 'authorization'],
  // `api/` holds the health probe of Claude Code.
  rewrite: ensureVersion('api'),
});
