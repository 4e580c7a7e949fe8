import type { FormatName } from './reading.ts';

/** First match wins, so the longer paths stand first. All are matched against the lower-case path without query. */
const RULES: readonly [RegExp, FormatName][] = [
  [/\/responses(\/|$)/, 'openai-responses'],
  [/\/chat\/completions$/, 'openai-chat'],
  [/\/fim\/completions$/, 'openai-chat'],
  [/\/messages(\/count_tokens|\/batches)?$/, 'anthropic-messages'],
  [/\/complete$/, 'anthropic-messages'],
  [/:(stream)?rawpredict$/, 'anthropic-messages'],
  [/:(batch|async)?embedcontents?$/, 'google-embeddings'],
  [/:(stream)?generatecontent$/, 'google-generate'],
  [/:counttokens$/, 'google-generate'],
  [/:predict$/, 'google-embeddings'],
  [/\/interactions(\/|$)/, 'google-generate'],
  [/\/converse(-stream)?$/, 'bedrock-converse'],
  [/\/count-tokens$/, 'bedrock-converse'],
  [/\/invoke(-with-response-stream|-with-bidirectional-stream)?$/, 'bedrock-invoke'],
  [/\/v2\/chat$/, 'cohere-v2'],
  [/\/v2\/embed$/, 'cohere-v2'],
  [/\/rerank$/, 'cohere-rerank'],
  [/\/api\/(chat|generate|embed|embeddings|show|tags)$/, 'ollama'],
  [/\/(v1\/)?(chat|generate|embed|tokenize|detokenize|summarize|classify)$/, 'cohere-v1'],
  [/\/predictions(\/|$)/, 'replicate'],
  [/\/embeddings$/, 'openai-embeddings'],
  [/\/(multimodalembeddings|contextualizedembeddings)$/, 'openai-embeddings'],
  [/\/images\/(generations|edits|variations)$/, 'openai-images'],
  [/\/audio\/(speech|transcriptions|translations)$/, 'openai-audio'],
  [/\/completions$/, 'openai-completions'],
  [/\/models(\/[^:]+)?$/, 'openai-models'],
  [/\/(generate_stream|invocations)$/, 'tgi'],
  [/\/run\//, 'workers-ai'],
];

/**
 * Guesses the format of a provider path, with or without leading slash, query and percent-encoding. A guess only:
 * a reader checks it against the answer.
 */
export function formatForPath(path: string): FormatName {
  const bare = `/${path.replace(/[?#].*$/s, '').replace(/^\/+|\/+$/g, '')}`.toLowerCase();
  return RULES.find(([pattern]) => pattern.test(bare))?.[1] ?? 'unknown';
}
