/** Top-level fields of a request whose texts the model reads, over all formats. */
const TEXTS = new Set([
  'messages',
  'prompt',
  'input',
  'inputs',
  'instructions',
  'system',
  'contents',
  'content',
  'systemInstruction',
  'system_instruction',
  'preamble',
  'message',
  'chat_history',
  'documents',
  'texts',
  'text',
  'inputText',
  'suffix',
  'instances',
  'requests',
]);
/** Those that it is given as JSON. */
const SCHEMAS = new Set(['tools', 'functions', 'toolConfig']);
/** Fields within them that name things for machines. */
const NOT_TEXT = /^(?:type|role|id|.+_id|toolUseId|media_?type|mime_?type|format|detail|status|cache_control|model)$/i;
/** Fields that hold a file or point at one. */
const MEDIA = /^(?:data|url|image_url|file_data|file_?uri|bytes|uri)$/i;
/** Fields whose objects the model reads as JSON: arguments and results of tool calls. */
const JSON_FIELDS = new Set(['input', 'args', 'arguments', 'response', 'json']);

/** A long run of base64 is a file, wherever it stands. */
const FILE = /^(?:data:|[A-Za-z0-9+/_=-]{512})/;
/** Deeper lies no prompt. */
const MAX_DEPTH = 64;

/** What OpenAI's chat format adds to each message (its role and two marks), and in front of the answer. */
const MESSAGE_TOKENS = 4;
const ANSWER_TOKENS = 3;
/** A picture of 1024 × 1024 for GPT-4o; what others and other files take can't be known from here. */
const MEDIA_TOKENS = 765;

/** What is in a prompt: texts to be counted, and tokens that are known. */
export interface Prompt {
  texts: string[];
  tokens: number;
}

/**
 * The prompt in a request body of any format.
 * @param chat whether the format wraps texts into messages. @returns null for a body that is no JSON object.
 */
export function readPrompt(body: Uint8Array, chat: boolean): Prompt | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const reader = new PromptReader();
  for (const [name, value] of Object.entries(parsed)) {
    if (SCHEMAS.has(name)) reader.addJson(value);
    else if (TEXTS.has(name)) reader.add(value, name, 0);
  }
  const { texts, messages } = reader;
  const frame = chat ? MESSAGE_TOKENS * Math.max(messages, 1) + ANSWER_TOKENS : 0;
  return { texts, tokens: reader.tokens + frame };
}

class PromptReader {
  readonly texts: string[] = [];
  tokens = 0;
  messages = 0;

  add(value: unknown, name: string, depth: number): void {
    if (typeof value === 'string') this.#addText(value, name);
    // Prompts of completions and embeddings may come as tokens.
    else if (typeof value === 'number') this.tokens += 1;
    else if (depth > MAX_DEPTH) return;
    else if (Array.isArray(value)) for (const item of value) this.add(item, name, depth + 1);
    else if (isObject(value)) this.#addObject(value, depth);
  }

  addJson(value: unknown): void {
    if (Array.isArray(value) ? value.length === 0 : !isObject(value)) return;
    try {
      this.texts.push(JSON.stringify(value));
    } catch {
      // Nested too deeply to be written; no model is given that.
    }
  }

  #addObject(value: Record<string, unknown>, depth: number): void {
    if ('role' in value) this.messages += 1;
    for (const [name, item] of Object.entries(value)) {
      if (typeof item === 'number' || typeof item === 'boolean') continue;
      if (JSON_FIELDS.has(name) && isObject(item)) this.addJson(item);
      else this.add(item, name, depth + 1);
    }
  }

  #addText(text: string, name: string): void {
    if (MEDIA.test(name) || FILE.test(text)) this.tokens += MEDIA_TOKENS;
    else if (!NOT_TEXT.test(name)) this.texts.push(text);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
