import { type Ask, optionalObjects, readContent, type Tool, type Turn } from './ask.ts';
import { optionalCount, readStream, requiredList, requiredText } from './body.ts';
import { isObject, type JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';
import { CREATED_S, type Reply } from './reply.ts';
import type { Frame } from './stream.ts';
import type { TextApi } from './text-api.ts';

/** OpenAI chat completions, plain and as chunks. One choice, no log probabilities. */
export const chatApi: TextApi = { face: 'openai', read, plain, stream };

function read(body: JsonObject): Ask {
  const stream = readStream(body);
  if (isObject(body.stream_options) && !stream) {
    throw ApiProblem.invalid('stream_options', 'only allowed when `stream` is enabled');
  }
  if ((body.n ?? 1) !== 1) throw ApiProblem.invalid('n', 'the sandbox answers with one choice');
  return {
    turns: requiredList(body, 'messages').map(readTurn),
    tools: optionalObjects(body.tools, 'tools').map(readTool),
    toolChoice: readToolChoice(body.tool_choice),
    schema: readSchema(body.response_format),
    maxTokens: optionalCount(body, 'max_completion_tokens') ?? optionalCount(body, 'max_tokens'),
    stream,
  };
}

function readTurn(message: unknown, index: number): Turn {
  const param = `messages[${index}]`;
  if (!isObject(message)) throw ApiProblem.invalid(param, 'expected an object');
  const role = message.role;
  if (typeof role !== 'string') throw ApiProblem.missing(`${param}.role`);
  const { text, others } = readContent(message.content, `${param}.content`, ['text']);
  const calls = optionalObjects(message.tool_calls, `${param}.tool_calls`).map((call) => call.function);
  const extra = calls.filter(isObject).flatMap((call) => [String(call.name ?? ''), String(call.arguments ?? '')]);
  return { role, text, extra, media: others.length };
}

function readTool(tool: JsonObject, index: number): Tool {
  if (!isObject(tool.function)) throw ApiProblem.missing(`tools[${index}].function`);
  return { name: requiredText(tool.function, 'name'), schema: tool.function.parameters };
}

function readToolChoice(choice: unknown): Ask['toolChoice'] {
  if (choice === 'none' || choice === 'required') return choice;
  const named = isObject(choice) && isObject(choice.function) ? choice.function.name : undefined;
  return typeof named === 'string' ? { name: named } : 'auto';
}

function readSchema(format: unknown): unknown {
  return isObject(format) && isObject(format.json_schema) ? format.json_schema.schema : undefined;
}

function plain(reply: Reply): unknown {
  const message = { role: 'assistant', content: reply.text as string | null, refusal: null, annotations: [] };
  const called = reply.tool !== null;
  return {
    id: reply.id('chatcmpl-'),
    object: 'chat.completion',
    created: CREATED_S,
    model: reply.model,
    choices: [
      {
        index: 0,
        message: called ? { ...message, content: null, tool_calls: [toolCall(reply, reply.text)] } : message,
        logprobs: null,
        finish_reason: finishReason(reply),
      },
    ],
    usage: usage(reply),
    service_tier: 'default',
    system_fingerprint: null,
  };
}

function* stream(reply: Reply): Generator<Frame, void> {
  const options = reply.request.stream_options;
  const withUsage = isObject(options) && options.include_usage === true;
  const chunk = (choices: unknown[], used: unknown = null): string => {
    const body = {
      id: reply.id('chatcmpl-'),
      object: 'chat.completion.chunk',
      created: CREATED_S,
      model: reply.model,
      service_tier: 'default',
      system_fingerprint: null,
      choices,
      ...(withUsage ? { usage: used } : {}),
    };
    return `data: ${JSON.stringify(body)}\n\n`;
  };
  const delta = (content: unknown, finish: string | null = null): string =>
    chunk([{ index: 0, delta: content, logprobs: null, finish_reason: finish }]);

  const called = reply.tool !== null;
  const opening = called ? { content: null, tool_calls: [{ index: 0, ...toolCall(reply, '') }] } : { content: '' };
  yield { text: delta({ role: 'assistant', ...opening, refusal: null }), token: false };
  for (const piece of reply.pieces) {
    const content = called ? { tool_calls: [{ index: 0, function: { arguments: piece } }] } : { content: piece };
    yield { text: delta(content), token: true };
  }
  yield { text: delta({}, finishReason(reply)), token: false };
  if (withUsage) yield { text: chunk([], usage(reply)), token: false };
  yield { text: 'data: [DONE]\n\n', token: false };
}

function toolCall(reply: Reply, text: string): JsonObject {
  return { id: reply.id('call_'), type: 'function', function: { name: reply.tool, arguments: text } };
}

function finishReason(reply: Reply): string {
  if (reply.truncated) return 'length';
  return reply.tool === null ? 'stop' : 'tool_calls';
}

function usage({ inputTokens, outputTokens }: Reply): unknown {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
