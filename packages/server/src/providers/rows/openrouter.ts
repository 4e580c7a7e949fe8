import { dropVersion, plainRow } from '../plain-rule.ts';

export const openrouter = plainRow({
  slug: 'openrouter',
  name: 'OpenRouter',
  baseUrl: 'https://openrouter.ai/api/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  zeroRetention: {
    member: ['provider', 'zdr'],
    value: 'true',
    paths: /(?:^|\/)(?:(?:chat\/)?completions|responses)$/,
  },
  rewrite: dropVersion('api'),
});
