import type { Clock, Fields } from '../lib/index.ts';
import { countPrompt } from './ask.ts';
import { type Behaviour, behaviourOf, failsAt, type Pace } from './behaviour.ts';
import { readBody, requiredText } from './body.ts';
import { chatApi } from './chat.ts';
import { embeddings } from './embeddings.ts';
import { type JsonObject, jsonResponse } from './json.ts';
import { messagesApi, readMessages } from './messages.ts';
import { getModel, listModels, unknownModel } from './models.ts';
import { ApiProblem, type Face, problemResponse } from './problem.ts';
import { composeReply, type Reply } from './reply.ts';
import { responsesApi } from './responses.ts';
import { deliver, type Frame, wait } from './stream.ts';
import type { TextApi } from './text-api.ts';
import { loadTokenizer } from './tokens.ts';

export interface SandboxRequest {
  method: string;
  /** e.g. `/v1/chat/completions`, with or without `v1`, without query. */
  path: string;
  headers: Fields;
  /** Content coding undone. */
  body: Uint8Array;
  signal: AbortSignal;
}

interface Call {
  request: SandboxRequest;
  body: JsonObject;
  model: string;
  behaviour: Behaviour;
  id(prefix: string): string;
}

interface Deps {
  clock: Clock;
}

type Answerer = (call: Call, deps: Deps) => Promise<Response>;

const POSTS: ReadonlyMap<string, { face: Face; answer: Answerer }> = new Map<string, { face: Face; answer: Answerer }>([
  ['chat/completions', { face: 'openai', answer: (call, deps) => generate(chatApi, call, deps) }],
  ['responses', { face: 'openai', answer: (call, deps) => generate(responsesApi, call, deps) }],
  ['embeddings', { face: 'openai', answer: embed }],
  ['messages', { face: 'anthropic', answer: (call, deps) => generate(messagesApi, call, deps) }],
  ['messages/count_tokens', { face: 'anthropic', answer: countMessages }],
]);

/**
 * Builds the provider. It keeps one thing between calls: how often each `flaky-N` model was called, so that exactly N of
 * 100 calls fail. The returned function rejects only when the request's signal aborts; every error is a response.
 */
export function createSandbox(deps: Deps): (request: SandboxRequest) => Promise<Response> {
  const flakyCalls = new Map<number, number>();
  const fault = (behaviour: Behaviour): ApiProblem | null => {
    if (behaviour.fault === null) return null;
    if (behaviour.fault.kind === 'status') return faultOf(behaviour.fault.status);
    const { percent } = behaviour.fault;
    const call = flakyCalls.get(percent) ?? 0;
    flakyCalls.set(percent, call + 1);
    if (!failsAt(call, percent)) return null;
    return faultOf(Math.floor((call * percent) / 100) % 2 === 0 ? 500 : 503);
  };

  return async (request) => {
    const path = request.path
      .replace(/^\/+/, '')
      .replace(/^(v1\/)+/, '')
      .replace(/\/+$/, '');
    const face = faceOf(path, request.headers);
    const id = idsOf(path, request.body);
    try {
      if (path === 'models' || path.startsWith('models/')) return modelsAnswer(request, path, face);
      const endpoint = POSTS.get(path);
      if (endpoint === undefined) throw unknownUrl(request);
      if (request.method !== 'POST') throw wrongMethod(request);
      const body = readBody(request.body);
      const model = requiredText(body, 'model');
      const behaviour = behaviourOf(model) ?? (path === 'embeddings' ? behaviourOf('echo') : null);
      if (behaviour === null) throw unknownModel(model, face);
      const failure = fault(behaviour);
      if (failure !== null) throw failure;
      return await endpoint.answer({ request, body, model, behaviour, id }, deps);
    } catch (error) {
      if (error instanceof ApiProblem) return problemResponse(face, error, id('req_'));
      throw error;
    }
  };
}

async function generate(api: TextApi, call: Call, deps: Deps): Promise<Response> {
  const { behaviour, request, body } = call;
  const ask = api.read(body);
  const tokenizer = await loadTokenizer();
  const inputTokens = countPrompt(ask, body.tools, tokenizer);
  const said = composeReply({ ask, content: behaviour.content, tokenizer });
  const reply: Reply = { model: call.model, request: body, id: call.id, inputTokens, ...said };
  const pace = paceFor(behaviour.pace, reply.pieces.length);
  const headers = { [api.face === 'openai' ? 'x-request-id' : 'request-id']: call.id('req_') };
  const { clock } = deps;
  const { signal } = request;

  if (ask.stream) {
    await wait(pace.firstMs, clock, signal);
    const stream = deliver({ frames: api.stream(reply), pace, clock, signal });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers } });
  }
  await wait(pace.firstMs + pace.perTokenMs * Math.max(0, reply.pieces.length - 1), clock, signal);
  if (pace.end.kind === 'done') return jsonResponse(api.plain(reply), headers);
  const half = halfOf(JSON.stringify(api.plain(reply)));
  const stopped: Pace = { ...pace, end: { kind: pace.end.kind, afterTokens: 1 } };
  const stream = deliver({ frames: half, pace: stopped, clock, signal });
  return new Response(stream, { headers: { 'content-type': 'application/json', ...headers } });
}

/** An answer that is shorter than the point where it should break breaks at its last token. */
function paceFor(pace: Pace, tokens: number): Pace {
  if (pace.end.kind === 'done') return pace;
  return { ...pace, end: { kind: pace.end.kind, afterTokens: Math.min(pace.end.afterTokens, tokens) } };
}

function* halfOf(text: string): Generator<Frame, void> {
  yield { text: text.slice(0, Math.ceil(text.length / 2)), token: true };
}

async function embed({ body, model, id, behaviour, request }: Call, { clock }: Deps): Promise<Response> {
  const answer = embeddings(body, model, await loadTokenizer());
  await wait(behaviour.pace.firstMs, clock, request.signal);
  return jsonResponse(answer, { 'x-request-id': id('req_') });
}

async function countMessages({ body, id }: Call): Promise<Response> {
  const tokens = countPrompt(readMessages(body), body.tools, await loadTokenizer());
  return jsonResponse({ input_tokens: tokens }, { 'request-id': id('req_') });
}

function modelsAnswer(request: SandboxRequest, path: string, face: Face): Response {
  if (request.method !== 'GET') throw wrongMethod(request);
  const name = path.slice('models/'.length);
  return jsonResponse(name === '' ? listModels(face) : getModel(decode(name), face), {});
}

/** A name that is not proper percent-encoding is taken as written: it names no model anyway. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Both providers have `/v1/models`; Anthropic's clients tell themselves by their version header. */
function faceOf(path: string, headers: Fields): Face {
  if (path.startsWith('models') && headers.has('anthropic-version')) return 'anthropic';
  return POSTS.get(path)?.face ?? 'openai';
}

function idsOf(path: string, body: Uint8Array): (prefix: string) => string {
  const hash = new Bun.CryptoHasher('sha256').update(path).update('\n').update(body).digest('hex');
  return (prefix) => `${prefix}${hash.slice(0, 32)}`;
}

function faultOf(status: number): ApiProblem {
  if (status !== 429) return new ApiProblem(status, `The sandbox was asked for an error ${status}.`);
  const details = { code: 'rate_limit_exceeded', headers: { 'retry-after': '1' } };
  return new ApiProblem(429, 'Rate limit reached: the sandbox was asked for an error 429.', details);
}

function unknownUrl({ method, path }: SandboxRequest): ApiProblem {
  return new ApiProblem(404, `Invalid URL (${method} ${path})`);
}

function wrongMethod({ method, path }: SandboxRequest): ApiProblem {
  return new ApiProblem(405, `Not allowed to ${method} on ${path}.`, { code: 'method_not_supported' });
}
