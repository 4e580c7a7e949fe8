import { type Ask, readContent, optionalObjects, type Tool, type Turn } from './ask.ts';
import { optionalCount, readStream, requiredList, requiredText } from './body.ts';
import { isObject, type JsonObject } from './json.ts';
import { ApiProblem } from './problem.ts';
import { CREATED_S, type Reply } from './reply.ts';
import type { Frame } from './stream.ts';
import type { TextApi } from './text-api.ts';

/** OpenAI Responses, plain and as named events. Nothing is stored, so no earlier response can be continued. */
export const responsesApi: TextApi = { face: 'openai', read, plain, stream };

const TEXT_TYPES = ['input_text', 'output_text', 'text'];

function read(body: JsonObject): Ask {
  if (typeof body.previous_response_id === 'string') {
    const message = `Previous response with id '${body.previous_response_id}' not found.`;
    throw new ApiProblem(400, message, { code: 'previous_response_not_found' });
  }
  const system = typeof body.instructions === 'string' ? [turn('system', body.instructions)] : [];
  const input = typeof body.input === 'string' ? [turn('user', body.input)] : requiredList(body, 'input').map(readItem);
  return {
    turns: [...system, ...input],
    tools: optionalObjects(body.tools, 'tools')
      .filter((tool) => tool.type === 'function')
      .map(readTool),
    toolChoice: readToolChoice(body.tool_choice),
    schema: isObject(body.text) && isObject(body.text.format) ? body.text.format.schema : undefined,
    maxTokens: optionalCount(body, 'max_output_tokens'),
    stream: readStream(body),
  };
}

function turn(role: string, text: string, extra: string[] = []): Turn {
  return { role, text, extra, media: 0 };
}

function readItem(item: unknown, index: number): Turn {
  const param = `input[${index}]`;
  if (!isObject(item)) throw ApiProblem.invalid(param, 'expected an object');
  if (typeof item.role === 'string') {
    const { text, others } = readContent(item.content, `${param}.content`, TEXT_TYPES);
    return { role: item.role, text, extra: [], media: others.length };
  }
  switch (item.type) {
    case 'function_call':
      return turn('assistant', '', [String(item.name ?? ''), String(item.arguments ?? '')]);
    case 'function_call_output':
      return turn('tool', readContent(item.output, `${param}.output`, TEXT_TYPES).text);
    case undefined:
      throw ApiProblem.missing(`${param}.role`);
    default:
      // Reasoning, calls of built-in tools and the like: they are prompt, and say nothing that is answered.
      return turn('assistant', '', [JSON.stringify(item)]);
  }
}

function readTool(tool: JsonObject): Tool {
  return { name: requiredText(tool, 'name'), schema: tool.parameters };
}

function readToolChoice(choice: unknown): Ask['toolChoice'] {
  if (choice === 'none' || choice === 'required') return choice;
  return isObject(choice) && typeof choice.name === 'string' ? { name: choice.name } : 'auto';
}

function plain(reply: Reply): unknown {
  return response(reply, reply.truncated ? 'incomplete' : 'completed');
}

function* stream(reply: Reply): Generator<Frame, void> {
  let sequence = 0;
  const event = (type: string, fields: JsonObject, token = false): Frame => {
    const data = JSON.stringify({ type, sequence_number: sequence++, ...fields });
    return { text: `event: ${type}\ndata: ${data}\n\n`, token };
  };
  const place = { item_id: itemId(reply), output_index: 0 };
  const content = { ...place, content_index: 0 };
  const ended = reply.truncated ? 'incomplete' : 'completed';

  yield event('response.created', { response: response(reply, 'in_progress') });
  yield event('response.in_progress', { response: response(reply, 'in_progress') });
  yield event('response.output_item.added', { output_index: 0, item: item(reply, 'in_progress') });
  if (reply.tool === null) {
    yield event('response.content_part.added', { ...content, part: part('') });
    for (const delta of reply.pieces)
      yield event('response.output_text.delta', { ...content, delta, logprobs: [] }, true);
    yield event('response.output_text.done', { ...content, text: reply.text, logprobs: [] });
    yield event('response.content_part.done', { ...content, part: part(reply.text) });
  } else {
    for (const delta of reply.pieces) yield event('response.function_call_arguments.delta', { ...place, delta }, true);
    yield event('response.function_call_arguments.done', { ...place, arguments: reply.text });
  }
  yield event('response.output_item.done', { output_index: 0, item: item(reply, ended) });
  yield event(`response.${ended}`, { response: response(reply, ended) });
}

type Status = 'in_progress' | 'completed' | 'incomplete';

/** The response object; fields that the request sets are repeated, as the API does. */
function response(reply: Reply, status: Status): unknown {
  const { request } = reply;
  const over = status !== 'in_progress';
  return {
    id: reply.id('resp_'),
    object: 'response',
    created_at: CREATED_S,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: reply.model,
    output: over ? [item(reply, status)] : [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: over ? 'default' : 'auto',
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: request.text ?? { format: { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: over ? usage(reply) : null,
    user: null,
    metadata: request.metadata ?? {},
  };
}

function item(reply: Reply, status: Status): unknown {
  const begun = status === 'in_progress';
  if (reply.tool !== null) {
    const call = { arguments: begun ? '' : reply.text, call_id: reply.id('call_'), name: reply.tool };
    return { id: itemId(reply), type: 'function_call', status, ...call };
  }
  return { id: itemId(reply), type: 'message', status, content: begun ? [] : [part(reply.text)], role: 'assistant' };
}

function itemId(reply: Reply): string {
  return reply.id(reply.tool === null ? 'msg_' : 'fc_');
}

function part(text: string): unknown {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function usage({ inputTokens, outputTokens }: Reply): unknown {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
