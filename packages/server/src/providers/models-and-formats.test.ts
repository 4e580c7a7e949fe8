import { describe, expect, test } from 'bun:test';
import type { FormatName } from '../formats/index.ts';
import { rowOf, targetOf } from './testing.ts';

const VERTEX = 'google-vertex-ai/v1/projects/p/locations/us-east5/publishers';
const BEDROCK = 'aws-bedrock/bedrock-runtime/us-east-1';
const ARN = 'arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova';

const ROWS: readonly (readonly [gatewayPath: string, model: string | null, format: FormatName])[] = [
  ['openai/chat/completions', null, 'openai-chat'],
  ['openai/v1/completions', null, 'openai-completions'],
  ['openai/responses', null, 'openai-responses'],
  ['openai/v1/responses/resp_1?stream=true', null, 'openai-responses'],
  ['openai/embeddings/', null, 'openai-embeddings'],
  ['openai/images/edits', null, 'openai-images'],
  ['openai/audio/transcriptions', null, 'openai-audio'],
  ['openai/models', null, 'openai-models'],
  ['openai/v1/models/gpt-4o', null, 'openai-models'],
  ['openai/threads/thread_1/messages', null, 'unknown'],
  ['openai/files', null, 'unknown'],
  ['anthropic/messages', null, 'anthropic-messages'],
  ['anthropic/v1/messages?beta=true', null, 'anthropic-messages'],
  ['google-ai-studio/v1beta/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro', 'google-generate'],
  ['google/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse', 'gemini-2.5-pro', 'google-generate'],
  [
    'google-ai-studio/v1beta/models/gemini-embedding-001:batchEmbedContents',
    'gemini-embedding-001',
    'google-embeddings',
  ],
  ['google-ai-studio/v1beta/tunedModels/my-model:generateContent', 'my-model', 'google-generate'],
  ['google-ai-studio/v1beta/models/gemini-2.5-pro%3AgenerateContent', 'gemini-2.5-pro', 'google-generate'],
  [`${VERTEX}/anthropic/models/claude-opus-4-5%3arawPredict`, 'claude-opus-4-5', 'anthropic-messages'],
  ['google-ai-studio/v1beta/openai/chat/completions', null, 'openai-chat'],
  [`${VERTEX}/google/models/gemini-2.5-pro:streamGenerateContent`, 'gemini-2.5-pro', 'google-generate'],
  [`${VERTEX}/anthropic/models/claude-sonnet-4@20250514:rawPredict`, 'claude-sonnet-4@20250514', 'anthropic-messages'],
  [
    `${VERTEX}/anthropic/models/claude-sonnet-4%4020250514:streamRawPredict`,
    'claude-sonnet-4@20250514',
    'anthropic-messages',
  ],
  [`${VERTEX}/mistralai/models/codestral-2501:rawPredict`, 'codestral-2501', 'openai-chat'],
  [`${VERTEX}/google/models/gemini-embedding-001:predict`, 'gemini-embedding-001', 'google-embeddings'],
  [`${VERTEX}/google/models/imagen-4.0-generate-001:predict`, 'imagen-4.0-generate-001', 'unknown'],
  ['google-vertex-ai/v1/projects/p/locations/global/endpoints/openapi/chat/completions', null, 'openai-chat'],
  ['workers-ai/@cf/meta/llama-3.1-8b-instruct', '@cf/meta/llama-3.1-8b-instruct', 'workers-ai'],
  ['workers-ai/run/%40cf%2Fmeta%2Fllama', '@cf/meta/llama', 'workers-ai'],
  ['workers-ai/run/openai/gpt-4o/', 'openai/gpt-4o', 'workers-ai'],
  ['workers-ai/v1/chat/completions', null, 'openai-chat'],
  [`${BEDROCK}/model/anthropic.claude-v2%3A1/invoke`, 'anthropic.claude-v2:1', 'bedrock-invoke'],
  [`${BEDROCK}/model/us.amazon.nova-micro-v1:0/converse-stream`, 'us.amazon.nova-micro-v1:0', 'bedrock-converse'],
  [`${BEDROCK}/model/${ARN}/converse`, ARN, 'bedrock-converse'],
  [`${BEDROCK}/model/${encodeURIComponent(ARN)}/converse`, ARN, 'bedrock-converse'],
  [`${BEDROCK}/model/a%ZZ/invoke-with-response-stream`, 'a%ZZ', 'bedrock-invoke'],
  ['aws-bedrock/bedrock-mantle/us-east-1/anthropic/v1/messages', null, 'anthropic-messages'],
  ['aws-bedrock/bedrock-mantle/us-east-1/v1/chat/completions', null, 'openai-chat'],
  ['azure-openai/res/gpt-4o/chat/completions', 'gpt-4o', 'openai-chat'],
  ['azure-openai/res/openai/deployments/gpt-4o/embeddings', 'gpt-4o', 'openai-embeddings'],
  ['azure-openai/res/openai/v1/responses', null, 'openai-responses'],
  ['azure/res/anthropic/v1/messages', null, 'anthropic-messages'],
  ['grok/v1/messages', null, 'anthropic-messages'],
  ['cohere/chat', null, 'cohere-v1'],
  ['cohere/v1/generate', null, 'cohere-v1'],
  ['cohere/v2/chat', null, 'cohere-v2'],
  ['cohere/v2/rerank', null, 'cohere-rerank'],
  ['cohere/compatibility/v1/chat/completions', null, 'openai-chat'],
  ['baseten/model/abcd1234', 'abcd1234', 'unknown'],
  ['baseten/chat/completions', null, 'openai-chat'],
  ['replicate/predictions', null, 'replicate'],
  ['replicate/models/stability-ai/sdxl/predictions', 'stability-ai/sdxl', 'replicate'],
  ['replicate/models/stability-ai/sdxl', 'stability-ai/sdxl', 'unknown'],
  ['huggingface/bigcode/starcoder', 'bigcode/starcoder', 'tgi'],
  ['huggingface/gpt2', 'gpt2', 'tgi'],
  ['huggingface/bigcode/starcoder/v1/chat/completions', 'bigcode/starcoder', 'openai-chat'],
  ['huggingface/together/v1/chat/completions', null, 'openai-chat'],
  ['fal/fal-ai/flux/dev', 'fal-ai/flux/dev', 'unknown'],
  ['fal/fal-ai/flux/requests/0199/status', 'fal-ai/flux', 'unknown'],
  ['deepgram/v1/listen?smart_format=true&model=nova-3', 'nova-3', 'unknown'],
  ['deepgram/v1/listen', null, 'unknown'],
  ['ideogram/v1/ideogram-v3/generate', null, 'unknown'],
  ['adobe-firefly/v3/images/generate', null, 'unknown'],
  ['google-ai-studio/v1beta/models/imagen-4.0-generate-001:predict', 'imagen-4.0-generate-001', 'unknown'],
  ['sandbox/embeddings', null, 'openai-embeddings'],
  ['sandbox/v1/messages', null, 'anthropic-messages'],
];

describe('the path tells the model and the format of the answer', () => {
  for (const [gatewayPath, model, format] of ROWS) {
    test(gatewayPath, () => {
      const target = targetOf(gatewayPath);
      expect(target.model).toBe(model);
      const [slug = ''] = gatewayPath.split('/', 1);
      expect(rowOf(slug).format(target.path)).toBe(format);
    });
  }
});
