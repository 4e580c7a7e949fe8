/** Many open streams at once: delay of each piece, time to the first byte. */
import type { Socket } from 'bun';
import { bodyFor, percentile, requestBytes, type Target } from './request.ts';

const PROMPT_BYTES = 1024;
/** So many are opened one after another, and timed; the rest in groups. */
const TIMED = 50;
const GROUP = 32;
const OPENED_WITHIN_MS = 60_000;
const MARK = Buffer.from('"t=');

interface State {
  hasHead: boolean;
  isOpen: boolean;
  opened(): void;
}

/** A set of open streams on one subject. */
export class Streams {
  #sockets: Socket<State>[] = [];
  #delays: number[] = [];
  #firstBytes: number[] = [];
  #chunks = 0;
  failure: string | null = null;

  constructor(private readonly target: Target) {}

  get open(): number {
    return this.#sockets.length;
  }
  get firstByteMs(): number {
    return percentile(this.#firstBytes, 0.5);
  }

  /** Opens more streams until there are `count`; each has had its first piece then. */
  async openUpTo(count: number): Promise<void> {
    const untilMs = performance.now() + OPENED_WITHIN_MS;
    while (this.open < count) {
      const isTimed = this.#firstBytes.length < TIMED;
      const fromMs = performance.now();
      if (fromMs > untilMs) throw new Error(`${this.target.url}: only ${this.open} of ${count} streams opened in time`);
      await Promise.all(
        Array.from({ length: isTimed ? 1 : Math.min(GROUP, count - this.open) }, () => this.#openOne()),
      );
      if (isTimed) this.#firstBytes.push(performance.now() - fromMs);
      if (this.failure !== null) throw new Error(this.failure);
    }
  }

  /** Counts pieces and their delays from now on. */
  reset(): void {
    this.#delays = [];
    this.#chunks = 0;
  }
  get chunks(): number {
    return this.#chunks;
  }
  delayMs(share: number): number {
    return percentile(this.#delays, share);
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets = [];
  }

  async #openOne(): Promise<void> {
    const { hostname, port } = new URL(this.target.url);
    let opened = () => {};
    const first = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const timer = setTimeout(() => {
      this.failure ??= `${this.target.url}: no first piece of a stream within ${OPENED_WITHIN_MS} ms`;
      opened();
    }, OPENED_WITHIN_MS);
    const socket = await Bun.connect<State>({
      hostname,
      port: Number(port),
      socket: {
        data: (socket, bytes) => this.#receive(socket, bytes),
        close: (socket) => {
          if (!socket.data.isOpen) this.failure ??= `${this.target.url} closed a stream before its first piece`;
          socket.data.opened();
        },
      },
      data: { hasHead: false, isOpen: false, opened },
    });
    socket.write(requestBytes(this.target, bodyFor(this.target, PROMPT_BYTES, true)));
    await first;
    clearTimeout(timer);
    this.#sockets.push(socket);
  }

  #receive(socket: Socket<State>, bytes: Buffer): void {
    const now = performance.timeOrigin + performance.now();
    if (!socket.data.hasHead && !bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 200')) {
      this.failure ??= `${this.target.url} answered a stream with ${bytes.toString('latin1', 0, 300)}`;
    }
    socket.data.hasHead = true;
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
      this.#delays.push(now - Number.parseFloat(bytes.toString('latin1', at + 3, at + 20)));
      this.#chunks++;
      if (!socket.data.isOpen) {
        socket.data.isOpen = true;
        socket.data.opened();
      }
    }
  }
}
