import { type Ask, lastText, type Tool } from './ask.ts';
import type { Content } from './behaviour.ts';
import type { JsonObject } from './json.ts';
import { lorem } from './lorem.ts';
import { sample } from './sample.ts';
import type { Piece, Tokenizer } from './tokens.ts';

/** The answer, before a dialect writes it down. */
export interface Reply {
  model: string;
  /** The request body: some answers repeat parts of it. */
  request: JsonObject;
  /** Makes an id out of the input: the same call gets the same ids. */
  id(prefix: string): string;
  /** Name of the tool that is called; null for a text answer. */
  tool: string | null;
  /** The text, or the arguments of the call, as it is sent in a stream. */
  pieces: string[];
  /** `pieces` joined. */
  text: string;
  /** The limit of the request ended the answer. */
  truncated: boolean;
  inputTokens: number;
  outputTokens: number;
}

/** When everything that the sandbox answers was made: 2025-01-01T00:00:00Z, in seconds. */
export const CREATED_S = 1_735_689_600;

export interface ReplyInput {
  ask: Ask;
  content: Content;
  tokenizer: Tokenizer;
}

/** What is said and what it costs: the tool's name (if one is called) and every token of `pieces`. */
export function composeReply({
  ask,
  content,
  tokenizer,
}: ReplyInput): Omit<Reply, 'model' | 'request' | 'id' | 'inputTokens'> {
  const tool = toolToCall(ask, content);
  const pieces = tool === null ? textPieces({ ask, content, tokenizer }) : argumentPieces(tool, tokenizer);
  const nameTokens = tool === null ? 0 : tokenizer.encode(tool.name).length;
  const limit = ask.maxTokens === null ? Number.POSITIVE_INFINITY : Math.max(0, ask.maxTokens - nameTokens);
  const kept: string[] = [];
  let tokens = 0;
  for (const piece of pieces) {
    if (tokens + piece.tokens > limit) break;
    tokens += piece.tokens;
    kept.push(piece.text);
  }
  const truncated = kept.length < pieces.length;
  return {
    tool: tool?.name ?? null,
    pieces: kept,
    text: kept.join(''),
    truncated,
    // A character of several tokens that the limit falls into was paid for, although it can't be shown.
    outputTokens: truncated && ask.maxTokens !== null ? ask.maxTokens : tokens + nameTokens,
  };
}

function toolToCall(ask: Ask, content: Content): Tool | null {
  const choice = ask.toolChoice;
  if (choice === 'none') return null;
  if (typeof choice === 'object') return ask.tools.find((tool) => tool.name === choice.name) ?? null;
  const first = ask.tools[0] ?? null;
  if (choice === 'required') return first;
  // After a tool's result the model answers in words, else an agent would never come to an end.
  return content.kind === 'tool-call' && ask.turns.at(-1)?.role !== 'tool' ? first : null;
}

function argumentPieces(tool: Tool, tokenizer: Tokenizer): Piece[] {
  return tokenizer.pieces(JSON.stringify(tool.schema === undefined ? {} : sample(tool.schema)));
}

function textPieces({ ask, content, tokenizer }: ReplyInput): Piece[] {
  switch (content.kind) {
    case 'lorem':
      return lorem(content.tokens);
    case 'echo':
      return tokenizer.pieces(lastText(ask.turns, 'user'));
    case 'tool-call':
      return tokenizer.pieces(lastText(ask.turns, ask.turns.at(-1)?.role === 'tool' ? 'tool' : 'user'));
    case 'json': {
      const value = ask.schema === undefined ? { echo: lastText(ask.turns, 'user') } : sample(ask.schema);
      return tokenizer.pieces(JSON.stringify(value));
    }
    default:
      return content satisfies never;
  }
}
