/**
 * Counting tokens that a provider did not count: with OpenAI's tokenizers, in a thread of its own. Knows request bodies of
 * any format by the fields that hold their texts; knows no gateway and no storage.
 */
export type { Countable } from './count.ts';
export { createTokenCounter, type TokenCounter } from './counter.ts';
