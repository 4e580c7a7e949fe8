import { ensureVersion, plainRow } from '../plain-rule.ts';

export const anthropic = plainRow({
  slug: 'anthropic',
  name: 'Anthropic',
  baseUrl: 'https://api.anthropic.com',
  credentialHeaders: ['x-api-key', 'authorization'],
  auth: { kind: 'header', name: 'x-api-key', defaults: { 'anthropic-version': '2023-06-01' } },
  // `api/` holds the health probe of Claude Code.
  rewrite: ensureVersion('api'),
});
