import { type Ask, optionalObjects, readContent, type Tool, type Turn } from './ask.ts';
import { optionalCount, readStream, requiredList, requiredText } from './body.ts';
import { isObject, type JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';
import type { Reply } from './reply.ts';
import type { Frame } from './stream.ts';
import type { TextApi } from './text-api.ts';

/** Anthropic messages, plain and as events. */
export const messagesApi: TextApi = {
  face: 'anthropic',
  read: (body) => {
    const ask = readMessages(body);
    if (ask.maxTokens === null) throw ApiProblem.missing('max_tokens');
    return ask;
  },
  plain,
  stream,
};

/** Reads a messages body without asking for `max_tokens`, which counting does not need. */
export function readMessages(body: JsonObject): Ask {
  const system = readContent(body.system, 'system', ['text']).text;
  return {
    turns: [
      ...(system === '' ? [] : [{ role: 'system', text: system, extra: [], media: 0 }]),
      ...requiredList(body, 'messages').flatMap(readTurns),
    ],
    tools: optionalObjects(body.tools, 'tools').map(readTool),
    toolChoice: readToolChoice(body.tool_choice),
    schema: isObject(body.output_format) ? body.output_format.schema : undefined,
    maxTokens: optionalCount(body, 'max_tokens'),
    stream: readStream(body),
  };
}

/** One message as turns: a user message may bring results of tools, each a turn of its own before what the user says. */
function readTurns(message: unknown, index: number): Turn[] {
  const param = `messages.${index}`;
  if (!isObject(message)) throw ApiProblem.invalid(param, 'expected an object');
  const role = message.role;
  if (role !== 'user' && role !== 'assistant')
    throw ApiProblem.invalid(`${param}.role`, "expected 'user' or 'assistant'");
  if (message.content === undefined) throw ApiProblem.missing(`${param}.content`);
  const { text, others } = readContent(message.content, `${param}.content`, ['text']);
  const results = others.filter((block) => block.type === 'tool_result');
  const extra = others.flatMap(extraOf);
  const media = others.filter((block) => block.type === 'image' || block.type === 'document').length;
  const turns = results.map((block) => ({
    role: 'tool',
    text: readContent(block.content, `${param}.content`, ['text']).text,
    extra: [],
    media: 0,
  }));
  const own = { role, text, extra, media };
  return results.length > 0 && text === '' && media === 0 ? turns : [...turns, own];
}

function extraOf(block: JsonObject): string[] {
  if (block.type === 'tool_use') return [String(block.name ?? ''), JSON.stringify(block.input ?? {})];
  return block.type === 'thinking' ? [String(block.thinking ?? '')] : [];
}

function readTool(tool: JsonObject): Tool {
  return { name: requiredText(tool, 'name'), schema: tool.input_schema };
}

function readToolChoice(choice: unknown): Ask['toolChoice'] {
  if (!isObject(choice)) return 'auto';
  if (choice.type === 'none') return 'none';
  if (choice.type === 'any') return 'required';
  return choice.type === 'tool' && typeof choice.name === 'string' ? { name: choice.name } : 'auto';
}

function plain(reply: Reply): unknown {
  const content = reply.tool === null ? { type: 'text', text: reply.text } : toolUse(reply, parsed(reply.text));
  return {
    ...message(reply),
    content: [content],
    stop_reason: stopReason(reply),
    usage: usage(reply, reply.outputTokens),
  };
}

function* stream(reply: Reply): Generator<Frame, void> {
  const event = (type: string, fields: JsonObject = {}, token = false): Frame => ({
    text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`,
    token,
  });
  const called = reply.tool !== null;

  yield event('message_start', {
    message: { ...message(reply), usage: usage(reply, Math.min(1, reply.outputTokens)) },
  });
  yield event('content_block_start', {
    index: 0,
    content_block: called ? toolUse(reply, {}) : { type: 'text', text: '' },
  });
  yield event('ping');
  for (const piece of reply.pieces) {
    const delta = called ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece };
    yield event('content_block_delta', { index: 0, delta }, true);
  }
  yield event('content_block_stop', { index: 0 });
  yield event('message_delta', {
    delta: { stop_reason: stopReason(reply), stop_sequence: null },
    usage: usage(reply, reply.outputTokens),
  });
  yield event('message_stop');
}

function message(reply: Reply): JsonObject {
  return {
    id: reply.id('msg_'),
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function toolUse(reply: Reply, input: unknown): unknown {
  return { type: 'tool_use', id: reply.id('toolu_'), name: reply.tool, input };
}

/** Arguments that the token limit cut are no JSON any more: the API then shows an empty input. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function stopReason(reply: Reply): string {
  if (reply.truncated) return 'max_tokens';
  return reply.tool === null ? 'end_turn' : 'tool_use';
}

function usage(reply: Reply, outputTokens: number): unknown {
  return {
    input_tokens: reply.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
  };
}
