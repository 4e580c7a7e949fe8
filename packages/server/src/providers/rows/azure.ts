import { providerRow } from '../provider-row.ts';

const PATH = /^([^/]+)(?:\/(.*))?$/;

/** `{resource}/{path}`: models that Azure AI Foundry serves in their maker's own format, `{resource}/anthropic/v1/messages`. */
export const azure = providerRow({
  slug: 'azure',
  name: 'Azure AI Foundry',
  baseUrl: 'https://{resource}.services.ai.azure.com',
  credentialHeaders: ['x-api-key', 'api-key', 'authorization'],
  place(clientPath) {
    const [, resource, path = ''] = PATH.exec(clientPath) ?? [];
    if (resource === undefined) return { problem: 'Azure paths are {resource}/{path}' };
    return { path, variables: { resource } };
  },
});
