import { formatForPath } from '../../formats/index.ts';
import { ensureVersion, plainRow } from '../plain-rule.ts';

/** Paths without a version mean v1, as in Cohere's own early base URL. */
export const cohere = plainRow({
  slug: 'cohere',
  name: 'Cohere',
  baseUrl: 'https://api.cohere.ai',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  rewrite: ensureVersion('compatibility'),
  format(path) {
    const [, version, endpoint] = /^(v1|v2)\/([a-z-]+)/.exec(path) ?? [];
    if (endpoint === 'rerank') return 'cohere-rerank';
    if (version === undefined || endpoint === 'models') return formatForPath(path);
    return version === 'v2' ? 'cohere-v2' : 'cohere-v1';
  },
});
