/** One fault of the wall, played on a data plane of its own: what happened is told in a few words, to be compared. */
import type { LogRecord } from '../../packages/server/src/stores/log-ports.ts';
import type { GatewayPolicy } from '../../packages/server/src/stores/snapshot-ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type FaultUpstream, type Script, startFaultUpstream } from '../support/fault-upstream.ts';
import { startWalk, type Walk } from '../support/walk.ts';

export interface Seen {
  /**
   * `STATUS as sent`, `STATUS as sent, then broken`, `STATUS/CODE reason` for an error of the gateway's own; `broken` for a
   * transfer that comes to no proper end, with or without a beginning.
   */
  client: string;
  /** Requests and connections that the provider counted; `let go` where it never finished and the gateway hung up. */
  upstream: string;
  /** One entry a row: outcome, status, error, tokens. */
  log: string;
}

export interface Fault extends Seen {
  fault: string;
  /** What the provider does with the requests, one each. `time` comes when the scene calls `go`. */
  scripts: Script[] | ((time: Promise<void>) => Script[]);
  /** The body that the provider sends, transfer coding undone; what the client must get. Default `{}`. */
  sent?: string | Uint8Array;
  ask?: Asking;
  /** Calls made one after the other; default 1. */
  calls?: number;
  policy?: Partial<GatewayPolicy>;
  /** Replaces the provider's address. */
  baseUrl?: string;
  /** Lets time pass and the like, while the first call is under way. */
  meanwhile?: (stage: Stage) => Promise<void>;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Stage {
  clock: FakeClock;
  upstream: FaultUpstream;
  /** Lets the provider go on that waits for `time`. */
  go(): void;
  /** Resolves when the log has so many rows. */
  rows(count: number): Promise<void>;
  /** Resolves when the client has so many bytes of the answer's body. */
  received(bytes: number): Promise<void>;
}

/** Longest wait for the first byte and between two pieces, on the clock of the scene. */
export const PATIENCE_MS = 5000;
/** What cannot happen any more is given up after this, in real time. */
const GIVE_UP_MS = 10_000;

/** Plays the fault. Never rejects: what goes wrong on the way stands in `client`. */
export async function play(fault: Fault): Promise<Seen> {
  const upstream = await startFaultUpstream();
  const clock = new FakeClock();
  const walk = await startWalk({
    clock,
    policy: { retry: { retries: 0, delayMs: 0, backoff: 'constant' }, ...fault.policy },
    settings: {
      baseUrls: new Map([['openai', fault.baseUrl ?? upstream.url]]),
      firstByteTimeoutMs: PATIENCE_MS,
      idleTimeoutMs: PATIENCE_MS,
    },
  });
  const { promise: time, resolve: go } = Promise.withResolvers<void>();
  upstream.queue(...(typeof fault.scripts === 'function' ? fault.scripts(time) : fault.scripts));
  const log = new Log(walk);
  const client = new Client(walk, fault);
  try {
    const stage = { clock, upstream, go, rows: (count: number) => log.reaches(count), received: client.received };
    const [seen] = await inTime(
      Promise.all([client.ask(fault.calls ?? 1), fault.meanwhile?.(stage)]),
      'the scene came to no end',
    );
    await log.reaches(rowsOf(fault));
    const letGo = await isLetGo(fault, upstream);
    if (walk.reported.length > 0) return { client: `reported ${String(walk.reported[0])}`, upstream: '', log: '' };
    return { client: joined(seen), upstream: upstreamSeen(upstream, letGo), log: joined(log.rows.map(rowSeen)) };
  } catch (error) {
    return { client: String(error), upstream: upstreamSeen(upstream, false), log: joined(log.rows.map(rowSeen)) };
  } finally {
    await walk.stop();
    await upstream.stop();
  }
}

/** How many rows the fault's line promises. */
function rowsOf({ log }: Fault): number {
  return log.split(' · ').reduce((sum, part) => sum + Number(/ ×(\d+)$/.exec(part)?.[1] ?? 1), 0);
}

async function isLetGo({ upstream: expected }: Fault, upstream: FaultUpstream): Promise<boolean> {
  if (!expected.endsWith('let go')) return false;
  await inTime(upstream.closed(upstream.requests.length - 1), 'the provider’s connection is still held');
  return true;
}

/** Makes the calls and keeps what they look like from outside. */
class Client {
  readonly #walk: Walk;
  readonly #fault: Fault;
  readonly #sent: Buffer;
  #bytes = 0;
  #waiting: { bytes: number; resolve: () => void }[] = [];

  constructor(walk: Walk, fault: Fault) {
    this.#walk = walk;
    this.#fault = fault;
    this.#sent = Buffer.from((fault.sent ?? '{}') as string);
  }

  readonly received = (bytes: number): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#tell();
    });

  async ask(calls: number): Promise<string[]> {
    const seen: string[] = [];
    for (let n = 0; n < calls; n++) seen.push(await this.#once());
    return seen;
  }

  async #once(): Promise<string> {
    const { method = 'POST', headers, body = '{"model":"asked","messages":[]}' } = this.#fault.ask ?? {};
    let response: Response;
    try {
      response = await fetch(`${this.#walk.base}/openai/chat/completions`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
        redirect: 'manual',
        decompress: false,
      } as RequestInit);
    } catch {
      return 'no answer, broken';
    }
    const pieces: Uint8Array[] = [];
    let end = '';
    try {
      for await (const piece of response.body ?? []) {
        pieces.push(piece);
        this.#bytes += piece.byteLength;
        this.#tell();
      }
    } catch {
      end = ', then broken';
    }
    return `${response.status}${this.#inWords(Buffer.concat(pieces))}${end}`;
  }

  #inWords(body: Buffer): string {
    if (body.equals(this.#sent)) return ' as sent';
    try {
      const { name, internalCode, message } = JSON.parse(body.toString());
      if (name === 'AiGatewayError') return `/${internalCode} ${/\((.*)\)$/.exec(message)?.[1] ?? message}`;
    } catch {
      // Then it is something else.
    }
    return body.length === 0 ? ' nothing' : ` other bytes (${body.length} of ${this.#sent.length})`;
  }

  #tell(): void {
    for (const { resolve } of this.#waiting.filter(({ bytes }) => bytes <= this.#bytes)) resolve();
    this.#waiting = this.#waiting.filter(({ bytes }) => bytes > this.#bytes);
  }
}

/** The rows as they are written. */
class Log {
  readonly rows: LogRecord[] = [];
  #announce = Promise.withResolvers<void>();

  constructor(walk: Walk) {
    void this.#take(walk);
  }

  async reaches(count: number): Promise<void> {
    while (this.rows.length < count) await inTime(this.#announce.promise, `no row ${this.rows.length + 1} was written`);
  }

  async #take(walk: Walk): Promise<void> {
    for (;;) {
      const { record } = await walk.nextRow();
      this.rows.push(record);
      this.#announce.resolve();
      this.#announce = Promise.withResolvers();
    }
  }
}

function rowSeen({ outcome, statusCode, error, tokensIn, tokensOut }: LogRecord): string {
  const tokens = tokensIn === null && tokensOut === null ? '' : ` ${tokensIn ?? '?'}→${tokensOut ?? '?'} tokens`;
  const code = error === null || error.code === null || error.code === outcome ? '' : ` ${error.code}`;
  return `${outcome} ${statusCode}${code}${tokens}`;
}

function upstreamSeen({ requests, acceptedConnections }: FaultUpstream, letGo: boolean): string {
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  const connections = acceptedConnections();
  const extra = connections === requests.length ? '' : ` on ${count(connections, 'connection')}`;
  return `${count(requests.length, 'request')}${extra}${letGo ? ', let go' : ''}`;
}

/** Equal neighbours once, with their number. */
function joined(seen: readonly string[]): string {
  const runs: { text: string; count: number }[] = [];
  for (const text of seen) {
    const last = runs.at(-1);
    if (last?.text === text) last.count += 1;
    else runs.push({ text, count: 1 });
  }
  return runs.map(({ text, count }) => (count === 1 ? text : `${text} ×${count}`)).join(' · ');
}

async function inTime<T>(work: Promise<T>, otherwise: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), GIVE_UP_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
