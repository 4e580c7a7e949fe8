import { ensureVersion } from '../plain-rule.ts';
import { providerRow } from '../provider-row.ts';

const MODEL_PATH = /^model\/([^/]+)(?:\/(.*))?$/;
const versioned = ensureVersion();

/** Model APIs (OpenAI style) live on one host; a deployed model, `model/{id}`, on one of its own. */
export const baseten = providerRow({
  slug: 'baseten',
  name: 'Baseten',
  baseUrl: 'https://inference.baseten.co',
  credentialHeaders: ['authorization'],
  place(clientPath) {
    const [, model, rest = ''] = MODEL_PATH.exec(clientPath) ?? [];
    if (model === undefined) return { path: versioned(clientPath) };
    const path = rest === '' ? 'production/predict' : rest;
    return { path, base: 'https://model-{model}.api.baseten.co', variables: { model }, model };
  },
});
