import type { ProviderRow } from './row.ts';
import { adobeFirefly } from './rows/adobe-firefly.ts';
import { anthropic } from './rows/anthropic.ts';
import { awsBedrock } from './rows/aws-bedrock.ts';
import { azure } from './rows/azure.ts';
import { azureOpenai } from './rows/azure-openai.ts';
import { baseten } from './rows/baseten.ts';
import { cartesia } from './rows/cartesia.ts';
import { cerebras } from './rows/cerebras.ts';
import { cohere } from './rows/cohere.ts';
import { deepgram } from './rows/deepgram.ts';
import { deepseek } from './rows/deepseek.ts';
import { elevenlabs } from './rows/elevenlabs.ts';
import { fal } from './rows/fal.ts';
import { fireworks } from './rows/fireworks.ts';
import { googleAiStudio } from './rows/google-ai-studio.ts';
import { googleVertexAi } from './rows/google-vertex-ai.ts';
import { grok } from './rows/grok.ts';
import { groq } from './rows/groq.ts';
import { huggingface } from './rows/huggingface.ts';
import { ideogram } from './rows/ideogram.ts';
import { mistral } from './rows/mistral.ts';
import { openai } from './rows/openai.ts';
import { openrouter } from './rows/openrouter.ts';
import { parallel } from './rows/parallel.ts';
import { perplexityAi } from './rows/perplexity-ai.ts';
import { replicate } from './rows/replicate.ts';
import { sandbox } from './rows/sandbox.ts';
import { workersAi } from './rows/workers-ai.ts';

/** Every provider that is built in, in the order of `docs/providers.md`. */
export const PROVIDERS: readonly ProviderRow[] = [
  openai,
  anthropic,
  googleAiStudio,
  googleVertexAi,
  workersAi,
  awsBedrock,
  azureOpenai,
  azure,
  grok,
  groq,
  mistral,
  deepseek,
  cohere,
  perplexityAi,
  cerebras,
  openrouter,
  fireworks,
  baseten,
  parallel,
  replicate,
  huggingface,
  fal,
  ideogram,
  cartesia,
  elevenlabs,
  deepgram,
  adobeFirefly,
  sandbox,
];

const BY_SLUG: ReadonlyMap<string, ProviderRow> = new Map(
  PROVIDERS.flatMap((row) => [row.slug, ...(row.aliases ?? [])].map((slug) => [slug, row] as const)),
);

/** The built-in row that answers to a URL slug, aliases included, or null. Slugs are lower-case. */
export function findProvider(slug: string): ProviderRow | null {
  return BY_SLUG.get(slug) ?? null;
}
