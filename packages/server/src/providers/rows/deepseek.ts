import { dropVersion, plainRow } from '../plain-rule.ts';

export const deepseek = plainRow({
  slug: 'deepseek',
  name: 'DeepSeek',
  baseUrl: 'https://api.deepseek.com',
  credentialHeaders: ['authorization', 'x-api-key'],
  auth: { kind: 'bearer' },
  // Its paths have no version; `beta/` and `anthropic/` are served beside them.
  rewrite: dropVersion(),
});
