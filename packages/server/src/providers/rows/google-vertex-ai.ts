import { googleFormat, googleModel } from '../google-rule.ts';
import { providerRow } from '../provider-row.ts';

const LOCATION = /^v\d[a-z0-9]*\/projects\/[^/]+\/locations\/([^/]+)/;
const RAW_PREDICT = /\/publishers\/([^/]+)\/models\/[^/]+(?::|%3A)(?:rawPredict|streamRawPredict)\/?$/i;

export const googleVertexAi = providerRow({
  slug: 'google-vertex-ai',
  name: 'Google Vertex AI',
  baseUrl: 'https://{region}-aiplatform.googleapis.com',
  credentialHeaders: ['authorization', 'x-goog-api-key'],
  credentialQuery: ['key'],
  auth: { kind: 'google-token', apiKey: { kind: 'header', name: 'x-goog-api-key' } },
  streamUsage: 'asked',
  keyOrigins: ['https://aiplatform.googleapis.com', 'https://aiplatform.{region}.rep.googleapis.com'],
  /** The region is part of the provider's own path, so nothing is taken off it. Express mode names no region. */
  place(clientPath) {
    const path = clientPath.replace(/^(?=(?:projects|publishers)\/)/, 'v1/');
    const region = LOCATION.exec(path)?.[1] ?? 'global';
    return { path, base: baseFor(region), variables: { region }, model: googleModel(path) };
  },
  /** `rawPredict` hands the publisher's own format through. */
  format(path) {
    const publisher = RAW_PREDICT.exec(path)?.[1];
    if (publisher === 'anthropic') return 'anthropic-messages';
    if (publisher === 'mistralai') return 'openai-chat';
    return googleFormat(path);
  },
});

/** Host by location: the global one, the two multi-regions, or the region's own. */
function baseFor(region: string): string {
  if (region === 'global') return 'https://aiplatform.googleapis.com';
  if (region === 'us' || region === 'eu') return 'https://aiplatform.{region}.rep.googleapis.com';
  return 'https://{region}-aiplatform.googleapis.com';
}
