import { formatForPath } from '../../formats/index.ts';
import { dropVersion, plainRow } from '../plain-rule.ts';

export const openai = plainRow({
  slug: 'openai',
  name: 'OpenAI',
  baseUrl: 'https://api.openai.com/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  streamUsage: 'asked',
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)(?:chat\/completions|responses)$/ },
  rewrite: dropVersion(),
  // `threads/{id}/messages` is not Anthropic's.
  format: (path) => (path.startsWith('threads/') ? 'unknown' : formatForPath(path)),
});
