import {
  type AnswerReader,
  InFlight,
  type InFlightOptions,
  type OpenedAnswer,
} from '../../packages/server/src/gateway/shared-answer.ts';
import type { BodyEnd } from '../../packages/server/src/gateway/call.ts';
import { Leaving } from '../../packages/server/src/gateway/leaving.ts';
import { CaptureBudget } from '../../packages/server/src/gateway/capture.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A body that a test feeds; it is asked for each piece. */
export class Upstream {
  readonly sent: number[] = [];
  aborted = 0;
  cancelled = 0;
  /** Pieces that were taken. */
  taken = 0;
  readonly body: ReadableStream<Uint8Array>;
  #queue: (Uint8Array | 'end' | Error)[] = [];
  #tell = () => {};

  constructor(all?: Leaving) {
    all?.onLeave(() => {
      this.aborted += 1;
    });
    this.body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (this.#queue.length === 0) {
            await new Promise<void>((resolve) => {
              this.#tell = resolve;
            });
          }
          const next = this.#queue.shift();
          this.taken += 1;
          if (next instanceof Error) controller.error(next);
          else if (next instanceof Uint8Array) controller.enqueue(next);
          else controller.close();
        },
        cancel: () => {
          this.cancelled += 1;
        },
      },
      { highWaterMark: 0 },
    );
  }

  push(...bytes: (number | Uint8Array)[]): this {
    for (const piece of bytes) {
      const chunk = typeof piece === 'number' ? Uint8Array.of(piece) : piece;
      this.sent.push(...(chunk.byteLength < KIB ? chunk : []));
      this.#queue.push(chunk);
    }
    this.#tell();
    return this;
  }

  end(error?: Error): this {
    this.#queue.push(error ?? 'end');
    this.#tell();
    return this;
  }
}

export interface Answer extends OpenedAnswer {
  upstream: Upstream;
}

export const PROVIDERS_FAULT = new Error('connect_refused');

/** A set of answers under way, and what happened to it. */
export function scene(options: Partial<InFlightOptions> = {}) {
  const { budget = new CaptureBudget(256 * MIB) } = options;
  const reports: unknown[] = [];
  const inFlight = new InFlight<Answer>({
    limitBytes: 25 * MIB,
    budget,
    sharesFailure: (error) => error === PROVIDERS_FAULT,
    report: (error) => reports.push(error),
    ...options,
  });
  const opened: Upstream[] = [];
  const stored: number[][] = [];
  /** One more caller. `answer` says what its own upstream request gives; by default 200 and a body to be fed. */
  const call = (answer: (upstream: Upstream) => Promise<Partial<Answer>> = async () => ({})) => {
    const client = new Leaving();
    const reader = inFlight.join('key', {
      client,
      async open(all) {
        const upstream = new Upstream(all);
        opened.push(upstream);
        return { status: 200, headers: new Headers(), body: upstream.body, upstream, ...(await answer(upstream)) };
      },
      onComplete: (_, body) => stored.push([...body.subarray(0, KIB)]),
    });
    return { reader, leave: () => client.leave(new Error('the client left')) };
  };
  return { inFlight, budget, reports, opened, stored, call };
}

export type Scene = ReturnType<typeof scene>;

/** An answer whose head is there, and its leading reader. */
export async function begun({ call, opened }: Scene): Promise<{ upstream: Upstream; leader: AnswerReader<Answer> }> {
  const leader = await call().reader;
  const upstream = opened.at(-1);
  if (upstream === undefined) throw new Error('no upstream request was made');
  return { upstream, leader };
}

export async function readAll(reader: AnswerReader<Answer>): Promise<{ bytes: number[]; end: BodyEnd }> {
  const bytes: number[] = [];
  for (;;) {
    const piece = await reader.next();
    if (!(piece instanceof Uint8Array)) return { bytes, end: piece };
    bytes.push(...piece);
  }
}

/** Lets everything happen that can happen without another event. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
