import { decodeSegment } from '../client-path.ts';
import { formatForPath } from '../../formats/index.ts';
import { plainRow } from '../plain-rule.ts';

const MODEL_ID = /^(?:@|%40)/i;
const OPENAI_STYLE = /^(?:chat\/completions|completions|embeddings|responses|messages)(?:\/|$)/;

export const workersAi = plainRow({
  slug: 'workers-ai',
  name: 'Workers AI',
  baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account}/ai',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  /** A bare model id is run; OpenAI-style endpoints live under `v1/`. */
  rewrite(path) {
    if (MODEL_ID.test(path)) return `run/${path}`;
    return OPENAI_STYLE.test(path) ? `v1/${path}` : path;
  },
  model(path) {
    const id = /^run\/(.+?)\/?$/.exec(path)?.[1];
    return id === undefined ? null : decodeSegment(id);
  },
  format: (path) => (path.startsWith('run/') ? 'workers-ai' : formatForPath(path)),
});
