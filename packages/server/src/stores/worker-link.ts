/** Questions and answers between the main thread and a worker, typed by a table of operations. */

type Ops<T> = { [K in keyof T]: { ask: unknown; answer: unknown } };

interface Question {
  n: number;
  op: string;
  ask: unknown;
}
type Reply = { n: number; answer: unknown } | { n: number; failure: string } | { n: null; news: unknown };

/** The main thread's end. */
export class WorkerLink<T extends Ops<T>, News = never> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #next = 0;
  #dead: Error | null = null;

  constructor(url: URL, onNews: (news: News) => void) {
    this.#worker = new Worker(url.href, { smol: true });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.n === null) return onNews(data.news as News);
      const waiting = this.#waiting.get(data.n);
      this.#waiting.delete(data.n);
      if ('failure' in data) waiting?.reject(new Error(data.failure));
      else waiting?.resolve(data.answer);
    };
    this.#worker.onerror = (event) => this.#die(new Error(`worker failed: ${event.message}`));
  }

  /** Rejects with the worker's error message. `transfer`: buffers that this thread gives away. */
  ask<K extends keyof T & string>(op: K, ask: T[K]['ask'], transfer: ArrayBuffer[] = []): Promise<T[K]['answer']> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    const n = this.#next++;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(n, { resolve, reject });
      this.#worker.postMessage({ n, op, ask } satisfies Question, transfer);
    });
  }

  terminate(): void {
    this.#worker.terminate();
    this.#die(new Error('the store is closed'));
  }

  #die(error: Error): void {
    this.#dead = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

type Handlers<T extends Ops<T>> = { [K in keyof T]: (ask: T[K]['ask']) => T[K]['answer'] | Promise<T[K]['answer']> };

/** The worker's end: answers one question after the other. `after` runs when an answer has been sent. */
export function serve<T extends Ops<T>, News = never>(
  port: Worker,
  handlers: Handlers<T>,
  after: () => void = () => {},
): (news: News) => void {
  let last = Promise.resolve();
  port.onmessage = ({ data }: MessageEvent<Question>) => {
    last = last.then(async () => {
      port.postMessage(await answerTo(data, handlers));
      after();
    });
  };
  return (news) => port.postMessage({ n: null, news } satisfies Reply);
}

async function answerTo<T extends Ops<T>>({ n, op, ask }: Question, handlers: Handlers<T>): Promise<Reply> {
  try {
    return { n, answer: await handlers[op as keyof T](ask as never) };
  } catch (error) {
    return { n, failure: error instanceof Error ? error.message : String(error) };
  }
}
