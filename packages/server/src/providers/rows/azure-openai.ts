import { providerRow } from '../provider-row.ts';

const PATH = /^([^/]+)\/([^/]+)(?:\/(.*))?$/;

/** `{resource}/{deployment}/{path}`. */
export const azureOpenai = providerRow({
  slug: 'azure-openai',
  name: 'Azure OpenAI',
  baseUrl: 'https://{resource}.openai.azure.com/openai/deployments/{deployment}',
  credentialHeaders: ['api-key', 'authorization'],
  auth: { kind: 'header', name: 'api-key' },
  streamUsage: 'asked',
  zeroRetention: { member: ['store'], value: 'false', paths: /(?:^|\/)(?:chat\/completions|responses)$/ },
  place(clientPath) {
    const [, resource, deployment, path = ''] = PATH.exec(clientPath) ?? [];
    if (resource === undefined || deployment === undefined) {
      return { problem: 'Azure OpenAI paths are {resource}/{deployment}/{path}' };
    }
    const variables = { resource, deployment };
    // Azure's own spelling, `{resource}/openai/v1/…`: no deployment has paths that begin with `v1/` or `deployments/`.
    if (deployment === 'openai' && /^(?:v1|deployments)\//.test(path)) {
      const model = /^deployments\/([^/]+)/.exec(path)?.[1] ?? null;
      return { path, base: 'https://{resource}.openai.azure.com/openai', variables, model };
    }
    return { path, variables, model: deployment };
  },
});
