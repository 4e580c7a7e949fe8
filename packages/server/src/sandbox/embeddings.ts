import { checkLength } from './ask.ts';
import { optionalCount } from './body.ts';
import type { JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';
import type { Tokenizer } from './tokens.ts';

const USUAL_DIMENSIONS = 256;
const MAX_DIMENSIONS = 4_096;
/** Several, so that two tokens that meet in one place still differ in others. */
const PLACES_PER_TOKEN = 4;
const MAX_INPUTS = 2_048;
/** In all inputs; given as tokens they need no counting. */
const MAX_TOKENS = 300_000;

/**
 * OpenAI embeddings. A vector is the text's tokens hashed into its dimensions and scaled to length 1, so equal texts have
 * equal vectors and texts that share words lie close together, which is enough to try out a similarity search.
 */
export function embeddings(body: JsonObject, model: string, tokenizer: Tokenizer): unknown {
  const dimensions = optionalCount(body, 'dimensions') ?? USUAL_DIMENSIONS;
  if (dimensions > MAX_DIMENSIONS) throw ApiProblem.invalid('dimensions', `expected at most ${MAX_DIMENSIONS}`);
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw ApiProblem.invalid('encoding_format', "expected 'float' or 'base64'");
  }
  const inputs = readInputs(body.input, tokenizer);
  const tokens = inputs.reduce((sum, input) => sum + input.length, 0);
  if (tokens > MAX_TOKENS) throw ApiProblem.invalid('input', `expected at most ${MAX_TOKENS} tokens in all`);
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input, dimensions);
    return { object: 'embedding', index, embedding: format === 'float' ? Array.from(vector) : base64(vector) };
  });
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** One text, texts, the tokens of one text, or the tokens of several. */
function readInputs(input: unknown, tokenizer: Tokenizer): number[][] {
  if (input === undefined || input === null) throw ApiProblem.missing('input');
  const several = Array.isArray(input) && !isTokens(input) ? input : [input];
  if (several.length === 0 || several.length > MAX_INPUTS) {
    throw ApiProblem.invalid('input', `expected 1 to ${MAX_INPUTS} inputs`);
  }
  checkLength(several.filter((one) => typeof one === 'string'));
  return several.map((one) => {
    if (typeof one === 'string' && one !== '') return tokenizer.encode(one);
    if (isTokens(one)) return one;
    throw ApiProblem.invalid('input', 'expected a string, an array of strings, or arrays of tokens, none empty');
  });
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token) && token >= 0);
}

function vectorOf(tokens: readonly number[], dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const token of tokens) {
    for (let turn = 1; turn <= PLACES_PER_TOKEN; turn++) {
      const hash = mix(token * PLACES_PER_TOKEN + turn);
      const place = hash % dimensions;
      vector[place] = (vector[place] ?? 0) + (hash & 0x80000000 ? 1 : -1);
    }
  }
  const length = Math.hypot(...vector);
  // Tokens that cancel each other out leave nothing to scale.
  if (length === 0) vector[0] = 1;
  else for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] ?? 0) / length;
  return vector;
}

/** Spreads whole numbers over 32 bits (the finish of MurmurHash3). */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}
