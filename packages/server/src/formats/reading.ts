/**
 * What a reader takes out of a provider's answer. Missing is `null` and zero is zero: nothing is invented.
 * Token counts are whole numbers as the provider wrote them.
 */

/** The wire formats that Headgate can read. A format says nothing about who speaks it. */
export type FormatName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-completions'
  | 'openai-embeddings'
  | 'openai-images'
  | 'openai-audio'
  | 'openai-models'
  | 'anthropic-messages'
  | 'google-generate'
  | 'google-embeddings'
  | 'bedrock-converse'
  | 'bedrock-invoke'
  | 'cohere-v1'
  | 'cohere-v2'
  | 'cohere-rerank'
  | 'ollama'
  | 'tgi'
  | 'replicate'
  | 'workers-ai'
  /** Not known: the reader looks at the bytes and takes what it recognises. */
  | 'unknown';

export interface Usage {
  /** Main input counter, as written. Anthropic and Bedrock leave cached input out of it: see `cacheIncluded`. */
  input: number | null;
  /** Main output counter, as written; for Gemini candidates plus thoughts. Reasoning is part of it. */
  output: number | null;
  /** Total as written by the provider. */
  total: number | null;
  /** The whole prompt: `input`, plus cache reads and writes where `cacheIncluded` is false, plus tool-use prompt. */
  inputFull: number | null;
  cacheRead: number | null;
  cacheWrite: number | null;
  /** The part of `cacheWrite` that is kept for one hour (Anthropic); the rest is kept for five minutes. */
  cacheWrite1h: number | null;
  reasoning: number | null;
  /** The parts of `cacheRead` that are audio and pictures; null where the provider does not say how cached input is made up. */
  cacheReadAudio: number | null;
  cacheReadImage: number | null;
  audioInput: number | null;
  audioOutput: number | null;
  imageInput: number | null;
  imageOutput: number | null;
  toolUsePrompt: number | null;
  /** True where `input` already contains cached tokens (OpenAI style), false where they are counted apart. */
  cacheIncluded: boolean;
  /** Other billed units by name, e.g. `web_search_requests`, `search_units`, `seconds`. */
  units: Record<string, number>;
}

export interface ToolCall {
  id: string | null;
  name: string | null;
  /** Parsed JSON where the provider's text is JSON, else the text. */
  arguments: unknown;
}

export interface ReadError {
  type: string | null;
  code: string | number | null;
  message: string | null;
  httpStatus: number | null;
}

export interface StreamFacts {
  /** Complete events (SSE), lines (NDJSON) or frames (AWS). */
  events: number;
  /** Whether `data: [DONE]` was seen. */
  done: boolean;
  /**
   * Whether the format's own end was seen, with all that it counts: `[DONE]`, `message_stop`, `response.completed`, a
   * finish reason with its usage … A stream that was cut at any byte has the same usage as the whole one, or has not ended.
   */
  ended: boolean;
  /** Events that could not be parsed and were skipped. */
  malformed: number;
}

export interface Reading {
  /** The model named in the answer. */
  model: string | null;
  responseId: string | null;
  /** The provider's own word. */
  finishReason: string | null;
  usage: Usage | null;
  /** The usage object as the provider wrote it. */
  usageRaw: unknown;
  /** Text of the first choice; in streams the joined deltas. */
  text: string | null;
  reasoningText: string | null;
  refusal: string | null;
  /** Calls that the client must answer; tools that the provider ran itself are not among them. */
  toolCalls: ToolCall[];
  error: ReadError | null;
  stream: StreamFacts | null;
  /** What only some providers have (cost, service_tier in lower case, billed_units, iterations, counted_tokens, texts of further choices …). */
  extra: Record<string, unknown>;
}

/**
 * Reads one answer incrementally. It never throws, never keeps more than `maxTextBytes` of text, and never delays a
 * byte: callers push a chunk after it has gone to the client.
 */
export interface AnswerReader {
  /** Takes the next bytes, content coding already undone. The chunk is not kept. */
  push(chunk: Uint8Array): void;
  /** Ends the reading. Call once. */
  end(): Reading;
  /** Reads an answer whose bytes are all there: the same as `push` and `end`, without a copy. */
  whole(bytes: Uint8Array): Reading;
}

export interface ReaderInput {
  format: FormatName;
  status: number;
  /** The answer's `content-type`, or null. Decides between plain JSON, SSE, NDJSON and AWS frames. */
  contentType: string | null;
  /** Looks up an answer header by lower-case name (some providers report usage only there). */
  header(name: string): string | null;
  /** Upper bound for text kept for reassembly, in bytes; default 10 MiB. */
  maxTextBytes?: number;
}

/** What a request says of its stream's usage: nothing, that it wants it, or something else. */
export type StreamOptions = 'none' | 'usage' | 'other';

/** What is read out of a request body, once. */
export interface RequestReading {
  model: string | null;
  /** Whether a stream was asked for in the body. */
  stream: boolean;
  /** Of OpenAI's `stream_options`. */
  streamOptions: StreamOptions;
  /** Upper bound for output tokens that the client set, or null. */
  maxOutputTokens: number | null;
}
