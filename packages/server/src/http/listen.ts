import type { Clock } from '../lib/index.ts';
import type { App } from './app.ts';

export interface ListenOptions {
  host: string;
  port: number;
  clock: Clock;
  report: (error: unknown, context: string) => void;
}

export interface Listener {
  /** e.g. `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** Stops accepting, waits until nothing runs (at most `graceMs`), then closes what is left. True when all ended in time. */
  drain(graceMs: number): Promise<boolean>;
}

/** Longest time a client may take over its request head, in seconds. */
const HEAD_TIMEOUT_S = 60;

/** Opens the socket. @throws Error with `code: 'EADDRINUSE'` and the like. */
export function listen(app: App, options: ListenOptions): Listener {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    // Off: it would print a stack for every transfer that we break on purpose.
    development: false,
    idleTimeout: HEAD_TIMEOUT_S,
    // Our own limit answers with a clear body; Bun's must not cut in first.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch(request, self) {
      // Once the head is here a call may be silent for as long as its own limits allow.
      self.timeout(request, 0);
      return app.handle(request);
    },
    error(error) {
      options.report(error, 'serving a request');
      return new Response(null, { status: 500 });
    },
  });
  return {
    origin: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${server.port}`,
    async drain(graceMs) {
      app.drain();
      const stopped = server.stop(false);
      const inTime = await idle(app, graceMs, options.clock);
      if (inTime) await Promise.race([stopped, pause(options.clock, 100)]);
      await server.stop(true);
      return inTime;
    },
  };
}

const POLL_MS = 20;

async function idle(app: App, graceMs: number, clock: Clock): Promise<boolean> {
  const until = clock.monotonicMs() + graceMs;
  while (app.active() > 0) {
    if (clock.monotonicMs() >= until) return false;
    await pause(clock, POLL_MS);
  }
  return true;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
