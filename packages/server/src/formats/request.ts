import { decodeUtf8 } from './framing/index.ts';
import { asCount, asName, asObject, type Json, parseJson } from './json.ts';
import type { RequestReading, StreamOptions } from './reading.ts';

/** How far into a multipart body the form fields are looked for. */
const MULTIPART_BYTES = 64 * 1024;

/**
 * Reads what the gateway needs of a request body. The body is parsed at most once; what is not JSON, or not an object,
 * reads as nothing. Of multipart forms only the `model` and `stream` fields near the start are found.
 */
export function readRequest(body: Uint8Array, contentType: string | null): RequestReading {
  if (/^multipart\/form-data/i.test(contentType ?? '')) return readForm(body);
  const value = body.length === 0 ? null : asObject(parseJson(decodeUtf8(body)));
  return readRequestJson(value ?? {});
}

/** The same, of a body that is parsed already. */
export function readRequestJson(body: Json): RequestReading {
  return {
    model: asName(body.model) ?? asName(body.model_id) ?? asName(body.modelId),
    stream: body.stream === true,
    streamOptions: streamOptions(body.stream_options),
    maxOutputTokens: maxOutputTokens(body),
  };
}

function streamOptions(value: unknown): StreamOptions {
  if (value === undefined) return 'none';
  return asObject(value)?.include_usage === true ? 'usage' : 'other';
}

/** Where the formats write the bound for output tokens: OpenAI, Anthropic, Cohere, TGI, Ollama, Gemini, Bedrock. */
const BOUND_NAMES = [
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'max_tokens_to_sample',
  'max_gen_len',
  'max_new_tokens',
  'maxTokens',
] as const;
const BOUND_PLACES: readonly (readonly [holder: string, names: readonly string[]])[] = [
  ['generationConfig', ['maxOutputTokens']],
  ['generation_config', ['max_output_tokens']],
  ['inferenceConfig', ['maxTokens', 'max_new_tokens']],
  ['textGenerationConfig', ['maxTokenCount']],
  ['parameters', ['max_new_tokens', 'maxOutputTokens', 'max_tokens']],
  ['options', ['num_predict']],
  ['input', ['max_tokens', 'max_new_tokens', 'max_completion_tokens']],
];

function maxOutputTokens(body: Json): number | null {
  const atTop = countAmong(body, BOUND_NAMES);
  if (atTop !== null) return atTop;
  for (const [holder, names] of BOUND_PLACES) {
    const object = asObject(body[holder]);
    const count = object === null ? null : countAmong(object, names);
    if (count !== null) return count;
  }
  return null;
}

function countAmong(object: Json, names: readonly string[]): number | null {
  for (const name of names) {
    const count = asCount(object[name]);
    if (count !== null) return count;
  }
  return null;
}

function readForm(body: Uint8Array): RequestReading {
  const start = decodeUtf8(body.subarray(0, MULTIPART_BYTES));
  const field = (name: string) => {
    const header = new RegExp(`name="?${name}"?[^\\r\\n]*(?:\\r?\\n[^\\r\\n]+)*\\r?\\n\\r?\\n([^\\r\\n]*)\\r?\\n`, 'i');
    return header.exec(start)?.[1]?.trim() ?? null;
  };
  return {
    model: asName(field('model')),
    stream: field('stream') === 'true',
    streamOptions: 'none',
    maxOutputTokens: null,
  };
}
