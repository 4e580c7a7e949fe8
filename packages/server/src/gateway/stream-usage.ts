import { askForUsage, UsageHider } from '../formats/index.ts';
import type { Step, Trail } from './call.ts';

/** Addresses and models that are remembered to refuse the option. */
const MAX_REFUSALS = 1000;

type SendOnce = (step: Step) => Promise<Response>;

/** Whether the step asks for a stream that tells its usage only to those who ask for it, and the client does not ask. */
export function waitsToBeAsked({ provider, format, asked }: Pick<Step, 'provider' | 'format' | 'asked'>): boolean {
  const isOpenai = format === 'openai-chat' || format === 'openai-completions';
  return isOpenai && provider.streamUsage === 'asked' && asked.stream && asked.streamOptions !== 'usage';
}

/** Sends requests whose stream is asked for its usage although the client did not ask, and hides from the client what that adds. */
export class StreamUsage {
  readonly #refusals = new Set<string>();

  /**
   * Sends the step with its usage asked for. A 400 or 422 is answered by sending it as the client wrote it: then the answer
   * is the client's own, and where that is good the provider is not asked again. Rejects as `once` does.
   */
  async send(step: Step, trail: Trail, once: SendOnce): Promise<Response> {
    const name = `${step.target.url.split('?', 1)[0]}\n${step.asked.model ?? ''}`;
    const asking = this.#refusals.has(name) ? null : withUsage(step);
    if (asking === null) return once(step);
    const response = await once(asking);
    if (response.status !== 400 && response.status !== 422) return hiding(response, trail);
    // Its connection is not waited for.
    response.body?.cancel().catch(() => undefined);
    const plain = await once(step);
    if (plain.ok) this.#remember(name);
    return plain;
  }

  #remember(name: string): void {
    const [oldest] = this.#refusals;
    if (this.#refusals.size >= MAX_REFUSALS && oldest !== undefined) this.#refusals.delete(oldest);
    this.#refusals.add(name);
  }
}

/** Null where the body cannot ask. */
function withUsage(step: Step): Step | null {
  const body = step.body === null ? null : askForUsage(step.body, step.asked.streamOptions);
  if (body === null) return null;
  const headers = step.headers.copy();
  // Events can be found only in a body without a content coding.
  headers.set('accept-encoding', 'identity');
  return { ...step, body, headers };
}

/** An answer that is no plain event stream is left as it is. */
function hiding(response: Response, trail: Trail): Response {
  const { status, statusText, headers, body } = response;
  const coding = headers.get('content-encoding') ?? 'identity';
  const isEvents = /^text\/event-stream/i.test(headers.get('content-type') ?? '');
  if (!response.ok || body === null || !isEvents || coding.trim().toLowerCase() !== 'identity') return response;
  const hider = new UsageHider();
  trail.hidden = hider;
  return new Response(hidden(body, hider), { status, statusText, headers });
}

/** The body without what the hider takes out; it ends as the body does, and is read no faster. */
function hidden(body: ReadableStream<Uint8Array>, hider: UsageHider): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let broken: { cause: unknown } | null = null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (broken === null) {
          try {
            const { value, done } = await reader.read();
            const piece = done ? hider.end() : hider.push(value);
            if (piece.byteLength > 0) controller.enqueue(piece);
            if (done) controller.close();
            if (done || piece.byteLength > 0) return;
          } catch (error) {
            broken = { cause: error };
            const piece = hider.end();
            if (piece.byteLength > 0) return controller.enqueue(piece);
          }
        }
        // What came before has gone out: an error would drop what is queued.
        controller.error(broken.cause);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
