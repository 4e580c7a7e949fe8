import { isObject, type JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';
import type { Tokenizer } from './tokens.ts';

/** One message of the conversation, read out of any of the three dialects. */
export interface Turn {
  role: string;
  text: string;
  /** What else is in the message and counts as prompt: tool calls, thinking. */
  extra: string[];
  /** Images, audio and files. */
  media: number;
}

export interface Tool {
  name: string;
  /** JSON schema of the arguments; undefined when the tool states none. */
  schema: unknown;
}

/** What the caller asks for, dialect removed. */
export interface Ask {
  turns: Turn[];
  tools: Tool[];
  /** `required`: some tool must be called; a name: that one; `none`: no tool may be called. */
  toolChoice: 'auto' | 'none' | 'required' | { name: string };
  /** Schema of the structured output that is asked for; undefined when there is none. */
  schema: unknown;
  maxTokens: number | null;
  stream: boolean;
}

/** Characters of prompt that are taken, about 250,000 tokens of English. Counting more would hold the process. */
const MAX_PROMPT_CHARS = 1_000_000;

const TOKENS_PER_TURN = 3;
const TOKENS_BEFORE_ANSWER = 3;
const TOKENS_PER_MEDIUM = 85;

/**
 * Tokens of the prompt, framed as OpenAI documents for its chat models: 3 for each message, its role and its text, and 3
 * that open the answer. On top, in our own reckoning: tool definitions count as their compact JSON, tool calls as name
 * and arguments, and every image, audio or file as 85, whatever its size.
 */
export function countPrompt(ask: Ask, toolDefinitions: unknown, tokenizer: Tokenizer): number {
  const texts = ask.turns.flatMap((turn) => [turn.role, turn.text, ...turn.extra]);
  if (ask.tools.length > 0) texts.push(JSON.stringify(toolDefinitions));
  checkLength(texts);
  const media = ask.turns.reduce((sum, turn) => sum + turn.media, 0);
  const framing = ask.turns.length * TOKENS_PER_TURN + TOKENS_BEFORE_ANSWER + media * TOKENS_PER_MEDIUM;
  return texts.reduce((sum, text) => sum + tokenizer.encode(text).length, framing);
}

/** Refuses prompts beyond what the sandbox takes: 400, as a model does whose context is exceeded. */
export function checkLength(texts: readonly string[]): void {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  if (chars <= MAX_PROMPT_CHARS) return;
  const message = `The sandbox takes ${MAX_PROMPT_CHARS} characters of prompt; this one has ${chars}.`;
  throw new ApiProblem(400, message, { code: 'context_length_exceeded' });
}

/** Text of the last message of this role; empty when there is none. */
export function lastText(turns: readonly Turn[], role: string): string {
  return turns.findLast((turn) => turn.role === role)?.text ?? '';
}

/** A list that may be absent; anything but a list of objects is a 400 naming `param`. */
export function optionalObjects(value: unknown, param: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw ApiProblem.invalid(param, 'expected an array of objects');
  return value;
}

/** What message content reads as. */
export interface Content {
  /** The text parts, a line break between two. */
  text: string;
  /** The parts that are no text. */
  others: JsonObject[];
}

/** Reads content that is a string, absent, or a list of parts of which those of the given types carry `text`. */
export function readContent(value: unknown, param: string, textTypes: readonly string[]): Content {
  if (value === undefined || value === null) return { text: '', others: [] };
  if (typeof value === 'string') return { text: value, others: [] };
  if (!Array.isArray(value)) throw ApiProblem.invalid(param, 'expected a string or an array of content parts');
  const texts: string[] = [];
  const others: JsonObject[] = [];
  for (const [i, part] of value.entries()) {
    if (!isObject(part) || typeof part.type !== 'string') throw ApiProblem.invalid(`${param}[${i}]`, 'expected a part');
    if (!textTypes.includes(part.type)) {
      others.push(part);
      continue;
    }
    if (typeof part.text !== 'string') throw ApiProblem.missing(`${param}[${i}].text`);
    texts.push(part.text);
  }
  return { text: texts.join('\n'), others };
}
