/** Cohere: chat, generate, embed and tokenize in both versions of its API. No answer names a model. */
export { readCohereUsage } from './usage.ts';
export { cohereV1 } from './v1.ts';
export { cohereV2 } from './v2.ts';
