import { decodeSegment } from '../client-path.ts';
import { dropVersion, plainRow } from '../plain-rule.ts';

export const replicate = plainRow({
  slug: 'replicate',
  name: 'Replicate',
  baseUrl: 'https://api.replicate.com/v1',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: dropVersion(),
  model(path) {
    const name = /^models\/([^/]+\/[^/]+)/.exec(path)?.[1];
    return name === undefined ? null : decodeSegment(name);
  },
  format: (path) => (/(?:^|\/)predictions(?:\/|$)/.test(path) ? 'replicate' : 'unknown'),
});
