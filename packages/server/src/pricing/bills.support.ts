import type { FormatName } from '../formats/index.ts';

/** A bill worked out by hand. Usages are as providers wrote them, prices from their public lists. */
export interface Bill {
  what: string;
  provider: string;
  /** The model asked for; the answer names `answered`, where it names one. */
  model: string;
  answered?: string;
  format: FormatName;
  usage: object;
  /** Default: Friday, 2026-11-20, 12:00 UTC. */
  at?: string;
  /** Units × price of one in millionths of a dollar (a token at $2.50 per million: 2.5), in the order of the bill. */
  sum: string;
  /** The sum, in millionths of a dollar. */
  microDollars: string;
}

const openai = (provider: string, model: string, usage: object) => ({
  provider,
  model,
  answered: model,
  format: 'openai-chat' as const,
  usage,
});
const responses = (provider: string, model: string, usage: object) => ({
  ...openai(provider, model, usage),
  format: 'openai-responses' as const,
});
const anthropic = (provider: string, model: string, usage: object) => ({
  ...openai(provider, model, usage),
  format: 'anthropic-messages' as const,
});
const gemini = (provider: string, model: string, usage: object) => ({
  ...openai(provider, model, usage),
  format: 'google-generate' as const,
});
const converse = (model: string, usage: object) => ({
  provider: 'aws-bedrock',
  model,
  format: 'bedrock-converse' as const,
  usage,
});
const cohere = (model: string, usage: object) => ({ provider: 'cohere', model, format: 'cohere-v2' as const, usage });
const chat = (prompt_tokens: number, completion_tokens: number, cached_tokens?: number) => ({
  prompt_tokens,
  completion_tokens,
  ...(cached_tokens !== undefined && { prompt_tokens_details: { cached_tokens } }),
});
const peak = { prompt_tokens: 563, completion_tokens: 116, prompt_cache_hit_tokens: 512, prompt_cache_miss_tokens: 51 };

// biome-ignore format: one bill a line reads as a table
export const BILLS: readonly Bill[] = [
  // OpenAI: cached tokens are part of the input, reasoning is part of the output.
  { what: 'input and output', ...openai('openai', 'gpt-4o-2024-08-06', chat(417, 44, 0)), sum: '417×2.5 + 44×10', microDollars: '1482.5' },
  { what: 'a cheap model', ...openai('openai', 'gpt-4o-mini-2024-07-18', chat(83, 9)), sum: '83×0.15 + 9×0.6', microDollars: '17.85' },
  { what: 'cached input, reasoning', ...responses('openai', 'gpt-5-2025-08-07', { input_tokens: 9703, input_tokens_details: { cached_tokens: 8576 }, output_tokens: 638, output_tokens_details: { reasoning_tokens: 576 } }), sum: '1127×1.25 + 8576×0.125 + 638×10', microDollars: '8860.75' },
  { what: 'prices below a dollar per million', ...responses('openai', 'gpt-4.1-nano-2025-04-14', { input_tokens: 57, output_tokens: 10 }), sum: '57×0.1 + 10×0.4', microDollars: '9.7' },
  { what: 'reasoning without cache', ...responses('openai', 'o4-mini-2025-04-16', { input_tokens: 1401, output_tokens: 480, output_tokens_details: { reasoning_tokens: 256 } }), sum: '1401×1.1 + 480×4.4', microDollars: '3653.1' },
  { what: 'a cache write that is part of the input', ...openai('openai', 'gpt-5.6-sol', { ...chat(4020, 4), prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 4012 } }), sum: '8×4 + 4012×5 + 4×20', microDollars: '20172' },
  { what: 'the cache read after it', ...openai('openai', 'gpt-5.6-sol', chat(4020, 4, 4012)), sum: '8×4 + 4012×0.4 + 4×20', microDollars: '1716.8' },
  { what: 'the same before the price was cut', ...openai('openai', 'gpt-5.6-sol', chat(4020, 4, 4012)), at: '2026-08-20T23:59:59Z', sum: '8×5 + 4012×0.5 + 4×30', microDollars: '2166' },
  { what: 'a prompt just short of long', ...openai('openai', 'gpt-5.5', chat(271_999, 10)), sum: '271999×5 + 10×30', microDollars: '1360295' },
  { what: 'a long prompt, all of it at the higher rate', ...openai('openai', 'gpt-5.5', chat(272_000, 10, 200_000)), sum: '72000×10 + 200000×1 + 10×45', microDollars: '920450' },
  { what: 'audio in and out', ...openai('openai', 'gpt-4o-audio-preview-2025-06-03', { ...chat(60, 100), prompt_tokens_details: { audio_tokens: 44 }, completion_tokens_details: { audio_tokens: 80 } }), sum: '16×2.5 + 44×40 + 20×10 + 80×80', microDollars: '8400' },
  { what: 'audio where the price list has no date', ...openai('openai', 'gpt-realtime', { input_tokens: 40, output_tokens: 108, input_token_details: { audio_tokens: 26 }, output_token_details: { audio_tokens: 80 } }), sum: '14×4 + 26×32 + 28×16 + 80×64', microDollars: '6456' },
  { what: 'cached audio, once all text was cached', ...openai('openai', 'gpt-realtime-mini', { input_tokens: 100, output_tokens: 0, input_token_details: { cached_tokens: 50, audio_tokens: 60 } }), sum: '50×10 + 40×0.06 + 10×0.3', microDollars: '505.4' },
  { what: 'pictures in and out', ...openai('openai', 'gpt-image-1.5', { input_tokens: 150, output_tokens: 1056, input_tokens_details: { image_tokens: 100 }, output_tokens_details: { image_tokens: 1000 } }), format: 'openai-images', sum: '50×5 + 100×8 + 56×10 + 1000×32', microDollars: '33610' },
  { what: 'embeddings', ...openai('openai', 'text-embedding-3-small', { prompt_tokens: 4, total_tokens: 4 }), format: 'openai-embeddings', sum: '4×0.02', microDollars: '0.08' },
  { what: 'seconds of audio', provider: 'openai', model: 'whisper-1', format: 'openai-audio', usage: { type: 'duration', seconds: 9 }, sum: '9×100', microDollars: '900' },
  { what: 'fractions of a second', provider: 'openai', model: 'whisper-1', format: 'openai-audio', usage: { type: 'duration', seconds: 3.25 }, sum: '3.25×100', microDollars: '325' },
  { what: 'a fine-tuned model', ...openai('openai', 'ft:gpt-4o-mini-2024-07-18:org::abc123', chat(1000, 100)), sum: '1000×0.3 + 100×1.2', microDollars: '420' },
  // Anthropic: cached tokens come on top of the input.
  { what: 'a cache write on top', ...anthropic('anthropic', 'claude-3-5-sonnet-20240620', { input_tokens: 4, cache_creation_input_tokens: 1165, cache_read_input_tokens: 0, output_tokens: 201 }), sum: '4×3 + 1165×3.75 + 201×15', microDollars: '7395.75' },
  { what: 'cache read and write on top', ...anthropic('anthropic', 'claude-sonnet-5', { input_tokens: 4, cache_creation_input_tokens: 426, cache_read_input_tokens: 14210, output_tokens: 290 }), sum: '4×2 + 14210×0.2 + 426×2.5 + 290×10', microDollars: '6815' },
  { what: 'writes for five minutes and for an hour', ...anthropic('anthropic', 'claude-haiku-4-5-20251001', { input_tokens: 10, cache_creation_input_tokens: 1500, cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1000 }, output_tokens: 20 }), sum: '10×1 + 500×1.25 + 1000×2 + 20×5', microDollars: '2735' },
  { what: 'a prompt that is long with its cached part', ...anthropic('anthropic', 'claude-sonnet-4-5-20250929', { input_tokens: 150_000, cache_read_input_tokens: 60_000, output_tokens: 100 }), sum: '150000×6 + 60000×0.6 + 100×22.5', microDollars: '938250' },
  { what: 'exactly 200,000 tokens are not long', ...anthropic('anthropic', 'claude-sonnet-4-5', { input_tokens: 140_000, cache_read_input_tokens: 60_000, output_tokens: 100 }), sum: '140000×3 + 60000×0.3 + 100×15', microDollars: '439500' },
  { what: 'web searches', ...anthropic('anthropic', 'claude-sonnet-4-20250514', { input_tokens: 8984, output_tokens: 520, server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 } }), sum: '8984×3 + 520×15 + 2×10000', microDollars: '54752' },
  { what: 'a compaction that the counters leave out', ...anthropic('anthropic', 'claude-sonnet-4-6', { input_tokens: 181, output_tokens: 8, iterations: [{ type: 'compaction', input_tokens: 100, cache_read_input_tokens: 55096, output_tokens: 83 }, { type: 'message', input_tokens: 181, output_tokens: 8 }] }), sum: '181×3 + 8×15 + 100×3 + 55096×0.3 + 83×15', microDollars: '18736.8' },
  { what: 'an advisor on another model', ...anthropic('anthropic', 'claude-sonnet-5', { input_tokens: 2482, output_tokens: 166, iterations: [{ type: 'message', input_tokens: 2482, output_tokens: 166 }, { type: 'advisor_message', model: 'claude-fable-5', input_tokens: 2564, output_tokens: 99 }] }), sum: '2482×2 + 166×10 + 2564×10 + 99×50', microDollars: '37214' },
  // Google: thoughts are output, the prompts of tools are input.
  { what: 'audio in', ...gemini('google-ai-studio', 'gemini-2.5-flash', { promptTokenCount: 229, candidatesTokenCount: 17, totalTokenCount: 246, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 85 }, { modality: 'AUDIO', tokenCount: 144 }] }), sum: '85×0.3 + 144×1 + 17×2.5', microDollars: '212' },
  { what: 'thoughts', ...gemini('google-ai-studio', 'gemini-2.5-pro', { promptTokenCount: 34, candidatesTokenCount: 469, thoughtsTokenCount: 787, totalTokenCount: 1290 }), sum: '34×1.25 + 1256×10', microDollars: '12602.5' },
  { what: 'prompts of tools', ...gemini('google-ai-studio', 'gemini-3-flash-preview', { promptTokenCount: 332, toolUsePromptTokenCount: 643, candidatesTokenCount: 53, thoughtsTokenCount: 173, totalTokenCount: 1201 }), sum: '975×0.5 + 226×3', microDollars: '1165.5' },
  { what: 'a long prompt, partly cached', ...gemini('google-ai-studio', 'models/gemini-2.5-pro', { promptTokenCount: 250_000, cachedContentTokenCount: 100_000, candidatesTokenCount: 200, totalTokenCount: 250_200 }), sum: '150000×2.5 + 100000×0.25 + 200×15', microDollars: '403000' },
  { what: 'a picture out', ...gemini('google-ai-studio', 'gemini-2.5-flash-image', { promptTokenCount: 12, candidatesTokenCount: 1300, totalTokenCount: 1312, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }] }), sum: '12×0.3 + 10×2.5 + 1290×30', microDollars: '38728.6' },
  { what: 'a free model', ...gemini('google-ai-studio', 'gemma-3-27b-it', { promptTokenCount: 12, candidatesTokenCount: 8, totalTokenCount: 20 }), sum: '12×0 + 8×0', microDollars: '0' },
  { what: 'an introductory price', ...gemini('google-ai-studio', 'gemini-3.6-flash', { promptTokenCount: 341, candidatesTokenCount: 25, thoughtsTokenCount: 40, totalTokenCount: 406 }), sum: '341×0.75 + 65×3.75', microDollars: '499.5' },
  { what: 'the price after it', ...gemini('google-ai-studio', 'gemini-3.6-flash', { promptTokenCount: 341, candidatesTokenCount: 25, thoughtsTokenCount: 40, totalTokenCount: 406 }), at: '2027-01-01T00:00:00Z', sum: '341×1.5 + 65×7.5', microDollars: '999' },
  { what: 'Gemini on Vertex', ...gemini('google-vertex-ai', 'google/gemini-2.0-flash', { promptTokenCount: 159, candidatesTokenCount: 19, totalTokenCount: 178, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 9 }, { modality: 'AUDIO', tokenCount: 150 }] }), sum: '9×0.1 + 150×0.7 + 19×0.4', microDollars: '113.5' },
  { what: 'Claude on Vertex, an hour in the cache', ...anthropic('google-vertex-ai', 'publishers/anthropic/models/claude-opus-4-8@default', { input_tokens: 10, cache_creation_input_tokens: 100, cache_creation: { ephemeral_1h_input_tokens: 100 }, output_tokens: 5 }), sum: '10×5 + 100×10 + 5×25', microDollars: '1175' },
  // Bedrock: cached tokens come on top, and Converse names no model.
  { what: 'a regional profile', ...converse('us.anthropic.claude-sonnet-4-5-20250929-v1:0', { inputTokens: 3, cacheReadInputTokens: 1712, cacheWriteInputTokens: 236, outputTokens: 121, totalTokens: 2072 }), sum: '3×3.3 + 1712×0.33 + 236×4.125 + 121×16.5', microDollars: '3544.86' },
  { what: 'the global profile, a tenth cheaper', ...converse('global.anthropic.claude-sonnet-4-5-20250929-v1:0', { inputTokens: 2, cacheReadInputTokens: 1322, cacheReadInputTokenCount: 1322, outputTokens: 5 }), sum: '2×3 + 1322×0.3 + 5×15', microDollars: '477.6' },
  { what: 'an inference profile by its ARN', ...converse('arn:aws:bedrock:us-east-1:012345678901:inference-profile/us.anthropic.claude-3-7-sonnet-20250219-v1:0', { inputTokens: 20, outputTokens: 72 }), sum: '20×3 + 72×15', microDollars: '1140' },
  { what: 'Nova', ...converse('us.amazon.nova-micro-v1:0', { inputTokens: 577, outputTokens: 18 }), sum: '577×0.035 + 18×0.14', microDollars: '22.715' },
  // Others.
  { what: 'a deployment, by the model that answers', ...openai('azure-openai', 'my-deployment', { ...chat(11, 203), completion_tokens_details: { reasoning_tokens: 192 } }), answered: 'gpt-5-nano-2025-08-07', sum: '11×0.05 + 203×0.4', microDollars: '81.75' },
  { what: 'Workers AI', ...openai('workers-ai', '@cf/meta/llama-3.3-70b-instruct-fp8-fast', chat(100, 10)), sum: '100×0.293 + 10×2.253', microDollars: '51.83' },
  { what: 'off-peak hours', ...openai('deepseek', 'deepseek-v4-flash', peak), sum: '51×0.15 + 512×0.003 + 116×0.6', microDollars: '78.786' },
  { what: 'peak hours on a Friday', ...openai('deepseek', 'deepseek-v4-flash', peak), at: '2026-11-20T03:59:59Z', sum: '51×0.3 + 512×0.006 + 116×1.2', microDollars: '157.572' },
  { what: 'the same hour on a Saturday', ...openai('deepseek', 'deepseek-v4-flash', peak), at: '2026-11-21T03:59:59Z', sum: '51×0.15 + 512×0.003 + 116×0.6', microDollars: '78.786' },
  { what: 'a rate with nine decimals of a dollar', ...openai('deepseek', 'deepseek-v4-pro', chat(1001, 1, 1000)), at: '2026-08-01T00:00:00Z', sum: '1×0.435 + 1000×0.003625 + 1×0.87', microDollars: '4.93' },
  { what: 'Grok, cached', ...openai('grok', 'grok-4-0709', chat(687, 187, 679)), sum: '8×3 + 679×0.75 + 187×15', microDollars: '3338.25' },
  { what: 'reasoning that only the total counts; charged 0.0232856', ...openai('grok', 'grok-4.20', { ...chat(10_120, 1499, 128), total_tokens: 14_428, completion_tokens_details: { reasoning_tokens: 2809 } }), sum: '9992×1.25 + 128×0.2 + 4308×2.5', microDollars: '23285.6' },
  { what: 'Grok beyond 128,000 tokens', ...openai('grok', 'grok-4', chat(130_000, 10)), sum: '130000×6 + 10×30', microDollars: '780300' },
  { what: 'Groq, which has no rate for cached tokens', ...openai('groq', 'llama-3.3-70b-versatile', chat(48, 8, 40)), sum: '8×0.59 + 40×0.59 + 8×0.79', microDollars: '34.64' },
  { what: 'Cerebras', ...openai('cerebras', 'gpt-oss-120b', chat(74, 36)), sum: '74×0.35 + 36×0.75', microDollars: '52.9' },
  { what: 'Mistral, cached', ...openai('mistral', 'mistral-medium-latest', { ...chat(64, 6), num_cached_tokens: 32 }), sum: '32×1.5 + 32×0.15 + 6×7.5', microDollars: '97.8' },
  { what: 'an alias that moved', ...openai('mistral', 'mistral-large-latest', { ...chat(175, 39), num_cached_tokens: 174 }), sum: '1×0.5 + 174×0.05 + 39×1.5', microDollars: '67.7' },
  { what: 'Cohere bills fewer tokens than it counts', ...cohere('command-r-08-2024', { billed_units: { input_tokens: 12, output_tokens: 49 }, tokens: { input_tokens: 212, output_tokens: 49 }, cached_tokens: 208 }), sum: '12×0.15 + 49×0.6', microDollars: '31.2' },
  { what: 'search units', provider: 'cohere', model: 'rerank-english-v3.0', format: 'cohere-rerank', usage: { billed_units: { search_units: 1 } }, sum: '1×2000', microDollars: '2000' },
  { what: 'a fee for each request', ...openai('perplexity-ai', 'sonar', chat(26, 832)), sum: '26×1 + 832×1 + 1×5000', microDollars: '5858' },
  { what: 'reasoning, citations and searches apart', ...openai('perplexity-ai', 'sonar-deep-research', { ...chat(33, 7163), citation_tokens: 20_016, num_search_queries: 18, reasoning_tokens: 73_997 }), sum: '33×2 + 7163×8 + 73997×3 + 20016×2 + 18×5000', microDollars: '409393' },
  // OpenRouter says what it charged: these are its own numbers.
  { what: 'charged 0.000894', ...openai('openrouter', 'anthropic/claude-4.5-sonnet-20250929', chat(43, 51, 0)), sum: '43×3 + 51×15', microDollars: '894' },
  { what: 'charged 0.000837', ...openai('openrouter', 'anthropic/claude-4.6-sonnet-20260217', chat(254, 5, 0)), sum: '254×3 + 5×15', microDollars: '837' },
  { what: 'charged 0.000497013333: what was written was read, too', ...openai('openrouter', 'google/gemini-2.5-flash', { ...chat(2168, 100), prompt_tokens_details: { cached_tokens: 2161, cache_write_tokens: 2161 } }), sum: '7×0.3 + 2161×0.03 + 2161×0.083333333333 + 100×2.5', microDollars: '497.013333' },
  { what: 'charged 0.00085', ...openai('openrouter', 'openai/o3', chat(9, 104, 0)), sum: '9×2 + 104×8', microDollars: '850' },
  { what: 'charged 0.000086', ...openai('openrouter', 'openai/gpt-4.1-mini', chat(23, 48, 0)), sum: '23×0.4 + 48×1.6', microDollars: '86' },
  { what: 'Hugging Face, by the seller in the name', ...openai('huggingface', 'Qwen/Qwen3-32B:groq', chat(21, 173)), answered: 'qwen/qwen3-32b', sum: '21×0.29 + 173×0.59', microDollars: '108.16' },
  { what: 'Fireworks', ...openai('fireworks', 'accounts/fireworks/models/deepseek-v3p2', chat(100, 10, 60)), sum: '40×0.56 + 60×0.28 + 10×1.68', microDollars: '56' },
];
