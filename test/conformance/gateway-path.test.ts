import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { loadRecordings } from '../support/recordings.ts';
import { gatewayPath } from './gateway-path.ts';

test.each([
  ['openai', 'https://api.openai.com/v1/responses/r?stream=true', 'openai', 'responses/r?stream=true'],
  ['anthropic', 'https://api.anthropic.com/v1/messages?beta=true', 'anthropic', 'v1/messages?beta=true'],
  ['groq', 'https://api.groq.com/openai/v1/chat/completions', 'groq', 'chat/completions'],
  [
    'azure-openai',
    'https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=1',
    'azure-openai',
    'res/dep/chat/completions?api-version=1',
  ],
  ['azure-openai', 'https://res.openai.azure.com/openai/v1/responses', 'azure-openai', 'res/openai/v1/responses'],
  [
    'aws-bedrock',
    'https://bedrock-runtime.us-east-1.amazonaws.com/model/a.b-v1%3A0/converse',
    'aws-bedrock',
    'bedrock-runtime/us-east-1/model/a.b-v1%3A0/converse',
  ],
  [
    'aws-bedrock',
    'https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions',
    'aws-bedrock',
    'bedrock-mantle/us-east-1/v1/chat/completions',
  ],
  [
    'google-vertex-ai',
    'https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/x:predict',
    'google-vertex-ai',
    'v1beta1/projects/p/locations/global/x:predict',
  ],
  [
    'huggingface',
    'https://router.huggingface.co/nebius/v1/chat/completions',
    'huggingface',
    'nebius/v1/chat/completions',
  ],
  ['other', 'http://localhost:11434/api/chat', 'openai', 'api/chat'],
])('%s at %s goes to %s/%s', (provider, url, slug, path) => {
  const request = { method: 'POST', url, headers: {}, model: null, body_encoding: 'none' as const };
  expect(gatewayPath({ provider, request })).toEqual({ slug, path });
});

test('a provider at a host of which its rule knows nothing is an error', () => {
  const request = {
    method: 'POST',
    url: 'https://evil.test/v1/x',
    headers: {},
    model: null,
    body_encoding: 'none' as const,
  };
  expect(() => gatewayPath({ provider: 'openai', request })).toThrow('unknown address');
  expect(() => gatewayPath({ provider: 'azure-openai', request })).toThrow('unknown host');
});

test('every recording has a path', async () => {
  const recordings = await loadRecordings(join(import.meta.dir, '../fixtures/recordings'));
  for (const recording of recordings) expect(gatewayPath(recording).path).not.toStartWith('/');
});
