import { ensureVersion } from '../plain-rule.ts';
import { providerRow } from '../provider-row.ts';
import type { AuthStyle } from '../row.ts';

const MODEL_PATH = /^model\/([^/]+)(?:\/(.*))?$/;
const MODEL_BASE = 'https://model-{model}.api.baseten.co';
const versioned = ensureVersion();

/** Model APIs (OpenAI style) live on one host; a deployed model, `model/{id}`, on one of its own. */
export const baseten = providerRow({
  slug: 'baseten',
  name: 'Baseten',
  baseUrl: 'https://inference.baseten.co',
  credentialHeaders: ['authorization'],
  auth: { kind: 'bearer' },
  streamUsage: 'asked',
  keyOrigins: [MODEL_BASE],
  place(clientPath) {
    const [, model, rest = ''] = MODEL_PATH.exec(clientPath) ?? [];
    if (model === undefined) return { path: versioned(clientPath) };
    const path = rest === '' ? 'production/predict' : rest;
    const auth: AuthStyle = { kind: 'header', name: 'authorization', prefix: 'Api-Key ' };
    return { path, base: MODEL_BASE, variables: { model }, model, auth };
  },
});
