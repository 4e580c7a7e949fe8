import { type Place, providerRow } from '../provider-row.ts';
import type { AuthStyle } from '../row.ts';

const PATH = /^([^/]+)(?:\/(.*))?$/;
const ANTHROPIC: AuthStyle = {
  kind: 'header',
  name: 'x-api-key',
  defaults: { 'anthropic-version': '2023-06-01' },
};

/** `{resource}/{path}`: models that Azure AI Foundry serves in their maker's own format, `{resource}/anthropic/v1/messages`. */
export const azure = providerRow({
  slug: 'azure',
  name: 'Azure AI Foundry',
  baseUrl: 'https://{resource}.services.ai.azure.com',
  credentialHeaders: ['x-api-key', 'api-key', 'authorization'],
  auth: { kind: 'header', name: 'api-key' },
  streamUsage: 'asked',
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)(?:chat\/completions|responses)$/ },
  place(clientPath) {
    const [, resource, path = ''] = PATH.exec(clientPath) ?? [];
    if (resource === undefined) return { problem: 'Azure paths are {resource}/{path}' };
    const place: Place = { path, variables: { resource } };
    if (path.startsWith('anthropic/')) place.auth = ANTHROPIC;
    return place;
  },
});
