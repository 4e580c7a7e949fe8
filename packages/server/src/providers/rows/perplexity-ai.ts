import { plainRow } from '../plain-rule.ts';

export const perplexityAi = plainRow({
  slug: 'perplexity-ai',
  name: 'Perplexity',
  aliases: ['perplexity'],
  baseUrl: 'https://api.perplexity.ai',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
});
