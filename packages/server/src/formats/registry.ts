import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { bedrockFamilies } from './bedrock-invoke/index.ts';
import { cohereV1, cohereV2 } from './cohere/index.ts';
import type { WireFormat } from './format.ts';
import { generic } from './generic/index.ts';
import { googleEmbeddings } from './google-embeddings/index.ts';
import { googleGenerate } from './google-generate/index.ts';
import { googleInteractions } from './google-interactions/index.ts';
import { textGeneration } from './huggingface/index.ts';
import type { Json } from './json.ts';
import { ollama } from './ollama/index.ts';
import { openaiAssistants } from './openai-assistants/index.ts';
import { openaiAudio } from './openai-audio/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiImages } from './openai-images/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { FormatName } from './reading.ts';
import { replicate } from './replicate/index.ts';
import { rerank } from './rerank/index.ts';
import { watsonx } from './watsonx/index.ts';
import { workersAi } from './workers-ai/index.ts';

/**
 * The decoders of the formats that have one. Bedrock Invoke has none of its own: each model family answers in another
 * format. Lists of models hold nothing to read.
 */
const NAMED: Record<FormatName, WireFormat | null> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-completions': openaiCompletions,
  'openai-embeddings': openaiEmbeddings,
  'openai-images': openaiImages,
  'openai-audio': openaiAudio,
  'openai-models': null,
  'anthropic-messages': anthropicMessages,
  'google-generate': googleGenerate,
  'google-embeddings': googleEmbeddings,
  'bedrock-converse': bedrockConverse,
  'bedrock-invoke': bedrockFamilies,
  'cohere-v1': cohereV1,
  'cohere-v2': cohereV2,
  'cohere-rerank': rerank,
  ollama,
  tgi: textGeneration,
  replicate,
  'workers-ai': workersAi,
  unknown: null,
};

/** Formats to try on an answer that may be of any, the most certain marks first. */
const BY_SHAPE: readonly WireFormat[] = [
  openaiResponses,
  openaiAssistants,
  anthropicMessages,
  bedrockConverse,
  googleGenerate,
  googleEmbeddings,
  googleInteractions,
  openaiChat,
  openaiCompletions,
  watsonx,
  bedrockFamilies,
  textGeneration,
  rerank,
  cohereV2,
  cohereV1,
  ollama,
  replicate,
  openaiEmbeddings,
  openaiImages,
  openaiAudio,
  workersAi,
  generic,
];

/**
 * The format of a JSON value: the expected one where the value looks like it, else the one whose marks it bears, since
 * one provider path may answer in several formats. Null where no format claims it.
 */
export function formatOf(expected: FormatName, value: Json, name: string | null): WireFormat | null {
  const named = NAMED[expected];
  if (named?.fits(value, name)) return named;
  return BY_SHAPE.find((format) => format.fits(value, name)) ?? null;
}

/** The format whose events of this name are plain text, not JSON, or null. */
export function plainFormatOf(name: string | null): WireFormat | null {
  return name === 'output' ? replicate : null;
}
