import { describe, expect, test } from 'bun:test';
import { targetOf } from './testing.ts';

const ACCOUNT = 'https://api.cloudflare.com/client/v4/accounts/acc-1/ai';
const VERTEX_REST = 'publishers/google/models/gemini-2.5-pro:generateContent';
const SONNET = 'publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict';
const HAIKU = 'model/us.anthropic.claude-haiku-4-5-20251001-v1:0';
const ENCODED = 'model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0';

/** Gateway path after the gateway id, the provider's URL, and what follows a replaced base. */
const TARGETS: readonly (readonly [gatewayPath: string, url: string, belowBase: string])[] = [
  // OpenAI: the base ends in v1.
  ['openai/chat/completions', 'https://api.openai.com/v1/chat/completions', '/chat/completions'],
  ['openai/v1/chat/completions', 'https://api.openai.com/v1/chat/completions', '/chat/completions'],
  ['openai/v1/v1/chat/completions', 'https://api.openai.com/v1/chat/completions', '/chat/completions'],
  ['openai//v1//chat/completions', 'https://api.openai.com/v1/chat/completions', '/chat/completions'],
  ['openai/responses', 'https://api.openai.com/v1/responses', '/responses'],
  ['openai/v1/responses', 'https://api.openai.com/v1/responses', '/responses'],
  ['openai/moderations', 'https://api.openai.com/v1/moderations', '/moderations'],
  ['openai/embeddings', 'https://api.openai.com/v1/embeddings', '/embeddings'],
  ['openai/audio/speech', 'https://api.openai.com/v1/audio/speech', '/audio/speech'],
  ['openai/images/generations', 'https://api.openai.com/v1/images/generations', '/images/generations'],
  [
    'openai/v1/files?limit=2&after=a%2Fb',
    'https://api.openai.com/v1/files?limit=2&after=a%2Fb',
    '/files?limit=2&after=a%2Fb',
  ],
  ['openai', 'https://api.openai.com/v1', ''],
  // Anthropic: the base ends before it.
  ['anthropic/v1/messages', 'https://api.anthropic.com/v1/messages', '/v1/messages'],
  ['anthropic/messages', 'https://api.anthropic.com/v1/messages', '/v1/messages'],
  ['anthropic/v1/v1/messages', 'https://api.anthropic.com/v1/messages', '/v1/messages'],
  ['anthropic/v1/messages?beta=true', 'https://api.anthropic.com/v1/messages?beta=true', '/v1/messages?beta=true'],
  [
    'anthropic/messages/count_tokens',
    'https://api.anthropic.com/v1/messages/count_tokens',
    '/v1/messages/count_tokens',
  ],
  ['anthropic/api/hello', 'https://api.anthropic.com/api/hello', '/api/hello'],
  // Google AI Studio.
  [
    'google-ai-studio/v1/models/gemini-2.5-pro:generateContent',
    'https://generativelanguage.googleapis.com/v1/models/gemini-2.5-pro:generateContent',
    '/v1/models/gemini-2.5-pro:generateContent',
  ],
  [
    'google-ai-studio/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
  ],
  [
    'google/v1beta/models/gemini-2.5-pro%3AgenerateContent',
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro%3AgenerateContent',
    '/v1beta/models/gemini-2.5-pro%3AgenerateContent',
  ],
  // xAI, Groq, Mistral, DeepSeek, Perplexity, Cerebras, Cohere, OpenRouter, Fireworks.
  ['grok/v1/chat/completions', 'https://api.x.ai/v1/chat/completions', '/v1/chat/completions'],
  ['grok/chat/completions', 'https://api.x.ai/v1/chat/completions', '/v1/chat/completions'],
  ['grok/v1/messages', 'https://api.x.ai/v1/messages', '/v1/messages'],
  ['grok/v1/responses', 'https://api.x.ai/v1/responses', '/v1/responses'],
  ['xai/responses', 'https://api.x.ai/v1/responses', '/v1/responses'],
  ['groq/chat/completions', 'https://api.groq.com/openai/v1/chat/completions', '/chat/completions'],
  ['groq/v1/chat/completions', 'https://api.groq.com/openai/v1/chat/completions', '/chat/completions'],
  ['groq/openai/v1/chat/completions', 'https://api.groq.com/openai/v1/chat/completions', '/chat/completions'],
  ['mistral/v1/chat/completions', 'https://api.mistral.ai/v1/chat/completions', '/v1/chat/completions'],
  ['mistral/chat/completions', 'https://api.mistral.ai/v1/chat/completions', '/v1/chat/completions'],
  ['deepseek/chat/completions', 'https://api.deepseek.com/chat/completions', '/chat/completions'],
  ['deepseek/v1/chat/completions', 'https://api.deepseek.com/chat/completions', '/chat/completions'],
  ['deepseek/beta/chat/completions', 'https://api.deepseek.com/beta/chat/completions', '/beta/chat/completions'],
  ['perplexity-ai/chat/completions', 'https://api.perplexity.ai/chat/completions', '/chat/completions'],
  ['perplexity/chat/completions', 'https://api.perplexity.ai/chat/completions', '/chat/completions'],
  ['cerebras/chat/completions', 'https://api.cerebras.ai/v1/chat/completions', '/chat/completions'],
  ['cerebras/v1/chat/completions', 'https://api.cerebras.ai/v1/chat/completions', '/chat/completions'],
  ['cohere/v1/chat', 'https://api.cohere.ai/v1/chat', '/v1/chat'],
  ['cohere/v2/chat', 'https://api.cohere.ai/v2/chat', '/v2/chat'],
  ['cohere/chat', 'https://api.cohere.ai/v1/chat', '/v1/chat'],
  [
    'cohere/compatibility/v1/chat/completions',
    'https://api.cohere.ai/compatibility/v1/chat/completions',
    '/compatibility/v1/chat/completions',
  ],
  ['openrouter/chat/completions', 'https://openrouter.ai/api/v1/chat/completions', '/chat/completions'],
  ['openrouter/v1/chat/completions', 'https://openrouter.ai/api/v1/chat/completions', '/chat/completions'],
  ['openrouter/api/v1/chat/completions', 'https://openrouter.ai/api/v1/chat/completions', '/chat/completions'],
  ['fireworks/chat/completions', 'https://api.fireworks.ai/inference/v1/chat/completions', '/chat/completions'],
  [
    'fireworks/inference/v1/chat/completions',
    'https://api.fireworks.ai/inference/v1/chat/completions',
    '/chat/completions',
  ],
  // Replicate, Hugging Face.
  ['replicate/predictions', 'https://api.replicate.com/v1/predictions', '/predictions'],
  ['replicate/v1/predictions', 'https://api.replicate.com/v1/predictions', '/predictions'],
  ['replicate/predictions/vdcbn', 'https://api.replicate.com/v1/predictions/vdcbn', '/predictions/vdcbn'],
  [
    'replicate/models/black-forest-labs/flux-schnell/predictions',
    'https://api.replicate.com/v1/models/black-forest-labs/flux-schnell/predictions',
    '/models/black-forest-labs/flux-schnell/predictions',
  ],
  [
    'huggingface/bigcode/starcoder',
    'https://api-inference.huggingface.co/models/bigcode/starcoder',
    '/bigcode/starcoder',
  ],
  // Workers AI: a bare model id is run.
  [
    'workers-ai/@cf/meta/llama-3.1-8b-instruct',
    `${ACCOUNT}/run/@cf/meta/llama-3.1-8b-instruct`,
    '/run/@cf/meta/llama-3.1-8b-instruct',
  ],
  [
    'workers-ai/run/@cf/meta/llama-3.1-8b-instruct',
    `${ACCOUNT}/run/@cf/meta/llama-3.1-8b-instruct`,
    '/run/@cf/meta/llama-3.1-8b-instruct',
  ],
  ['workers-ai/%40cf%2Fmeta%2Fllama', `${ACCOUNT}/run/%40cf%2Fmeta%2Fllama`, '/run/%40cf%2Fmeta%2Fllama'],
  ['workers-ai/v1/chat/completions', `${ACCOUNT}/v1/chat/completions`, '/v1/chat/completions'],
  ['workers-ai/chat/completions', `${ACCOUNT}/v1/chat/completions`, '/v1/chat/completions'],
  ['workers-ai/v1/embeddings', `${ACCOUNT}/v1/embeddings`, '/v1/embeddings'],
  ['workers-ai/run/openai/gpt-4o', `${ACCOUNT}/run/openai/gpt-4o`, '/run/openai/gpt-4o'],
  ['workers-ai/run/dynamic/support', `${ACCOUNT}/run/dynamic/support`, '/run/dynamic/support'],
  ['workers-ai/models/search?task=x', `${ACCOUNT}/models/search?task=x`, '/models/search?task=x'],
  // Speech, images, search: the path as it is.
  [
    'elevenlabs/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb?output_format=mp3_44100_128',
    'https://api.elevenlabs.io/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb?output_format=mp3_44100_128',
    '/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb?output_format=mp3_44100_128',
  ],
  ['cartesia/tts/bytes', 'https://api.cartesia.ai/tts/bytes', '/tts/bytes'],
  ['ideogram/v1/ideogram-v3/generate', 'https://api.ideogram.ai/v1/ideogram-v3/generate', '/v1/ideogram-v3/generate'],
  ['parallel/v1/tasks/runs', 'https://api.parallel.ai/v1/tasks/runs', '/v1/tasks/runs'],
  ['parallel/v1beta/search', 'https://api.parallel.ai/v1beta/search', '/v1beta/search'],
  ['parallel/v1beta/findall/ingest', 'https://api.parallel.ai/v1beta/findall/ingest', '/v1beta/findall/ingest'],
  ['deepgram/v1/listen?model=nova-3', 'https://api.deepgram.com/v1/listen?model=nova-3', '/v1/listen?model=nova-3'],
  ['deepgram/v1/speak', 'https://api.deepgram.com/v1/speak', '/v1/speak'],
  ['adobe-firefly/v3/images/generate', 'https://firefly-api.adobe.io/v3/images/generate', '/v3/images/generate'],
  ['fal/fal-ai/fast-sdxl', 'https://fal.run/fal-ai/fast-sdxl', '/fal-ai/fast-sdxl'],
  // Baseten: shared models on one host, deployed ones on their own.
  ['baseten/v1/chat/completions', 'https://inference.baseten.co/v1/chat/completions', '/v1/chat/completions'],
  ['baseten/chat/completions', 'https://inference.baseten.co/v1/chat/completions', '/v1/chat/completions'],
  ['baseten/model/abcd1234', 'https://model-abcd1234.api.baseten.co/production/predict', '/production/predict'],
  ['baseten/model/abcd1234/', 'https://model-abcd1234.api.baseten.co/production/predict', '/production/predict'],
  [
    'baseten/model/abcd1234/environments/staging/predict',
    'https://model-abcd1234.api.baseten.co/environments/staging/predict',
    '/environments/staging/predict',
  ],
  // Azure OpenAI and Azure AI Foundry.
  [
    'azure-openai/res-1/gpt-4o_a.b/chat/completions?api-version=2023-05-15',
    'https://res-1.openai.azure.com/openai/deployments/gpt-4o_a.b/chat/completions?api-version=2023-05-15',
    '/chat/completions?api-version=2023-05-15',
  ],
  ['azure-openai/res-1/openai/v1/responses', 'https://res-1.openai.azure.com/openai/v1/responses', '/v1/responses'],
  [
    'azure-openai/res-1/openai/deployments/d1/embeddings?api-version=2024-10-21',
    'https://res-1.openai.azure.com/openai/deployments/d1/embeddings?api-version=2024-10-21',
    '/deployments/d1/embeddings?api-version=2024-10-21',
  ],
  [
    'azure/res-1/anthropic/v1/messages',
    'https://res-1.services.ai.azure.com/anthropic/v1/messages',
    '/anthropic/v1/messages',
  ],
  // Bedrock: service and region from the path, the rest byte for byte.
  ...['invoke', 'invoke-with-response-stream', 'converse', 'converse-stream'].flatMap((operation) => [
    [
      `aws-bedrock/bedrock-runtime/us-east-1/${HAIKU}/${operation}`,
      `https://bedrock-runtime.us-east-1.amazonaws.com/${HAIKU}/${operation}`,
      `/${HAIKU}/${operation}`,
    ] as const,
    [
      `aws-bedrock/bedrock-runtime/eu-west-3//${ENCODED}/${operation}`,
      `https://bedrock-runtime.eu-west-3.amazonaws.com/${ENCODED}/${operation}`,
      `/${ENCODED}/${operation}`,
    ] as const,
  ]),
  [
    'aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages',
    'https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages',
    '/anthropic/v1/messages',
  ],
  [
    'aws-bedrock/bedrock-mantle/us-west-2/openai/v1/responses',
    'https://bedrock-mantle.us-west-2.api.aws/openai/v1/responses',
    '/openai/v1/responses',
  ],
  // Vertex: the region stands in the provider's own path and stays there.
  [
    `google-vertex-ai/v1/projects/p-1/locations/us-east4/${VERTEX_REST}`,
    `https://us-east4-aiplatform.googleapis.com/v1/projects/p-1/locations/us-east4/${VERTEX_REST}`,
    `/v1/projects/p-1/locations/us-east4/${VERTEX_REST}`,
  ],
  [
    `google-vertex-ai/v1beta1/projects/p-1/locations/global/${VERTEX_REST}`,
    `https://aiplatform.googleapis.com/v1beta1/projects/p-1/locations/global/${VERTEX_REST}`,
    `/v1beta1/projects/p-1/locations/global/${VERTEX_REST}`,
  ],
  [
    `google-vertex-ai/v1/projects/p-1/locations/eu/${SONNET}`,
    `https://aiplatform.eu.rep.googleapis.com/v1/projects/p-1/locations/eu/${SONNET}`,
    `/v1/projects/p-1/locations/eu/${SONNET}`,
  ],
  [
    `google-vertex-ai/v1/${VERTEX_REST}?key=k`,
    `https://aiplatform.googleapis.com/v1/${VERTEX_REST}?key=k`,
    `/v1/${VERTEX_REST}?key=k`,
  ],
  [
    `google-vertex-ai/projects/p-1/locations/us-east5/${SONNET}`,
    `https://us-east5-aiplatform.googleapis.com/v1/projects/p-1/locations/us-east5/${SONNET}`,
    `/v1/projects/p-1/locations/us-east5/${SONNET}`,
  ],
  // The sandbox has no host.
  ['sandbox/v1/chat/completions', 'sandbox:/v1/chat/completions', '/v1/chat/completions'],
  ['sandbox/chat/completions', 'sandbox:/v1/chat/completions', '/v1/chat/completions'],
];

describe('a gateway path reaches exactly one provider URL', () => {
  for (const [gatewayPath, url] of TARGETS) {
    test(gatewayPath, () => {
      expect(targetOf(gatewayPath).url).toBe(url);
    });
  }
});

describe('a replaced base stands for everything up to the end of the usual one', () => {
  for (const [gatewayPath, , belowBase] of TARGETS) {
    test(gatewayPath, () => {
      expect(targetOf(gatewayPath, { baseUrl: 'http://127.0.0.1:9/up/' }).url).toBe(
        `http://127.0.0.1:9/up${belowBase}`,
      );
    });
  }
});

test('the path is sent as the client encoded it, trailing slash included', () => {
  const path = "a%3Ab/@c/%2F%2f/d+e,f;g=h/~i'(j)*k!$&/";
  expect(targetOf(`openai/${path}?q=%20+"x&&=`).url).toBe(`https://api.openai.com/v1/${path}?q=%20+"x&&=`);
});

test('Target.path is the path below the base, without query', () => {
  expect(targetOf('openai/v1/chat/completions?x=1').path).toBe('chat/completions');
  expect(targetOf('azure-openai/r/d/chat/completions?api-version=1').path).toBe('chat/completions');
  expect(targetOf('aws-bedrock/bedrock-runtime/us-east-1/model/m/converse').path).toBe('model/m/converse');
});

test('built-in hosts are not user-given', () => {
  for (const [gatewayPath] of TARGETS) expect(targetOf(gatewayPath).userGiven).toBeUndefined();
});
