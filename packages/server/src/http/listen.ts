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

/** Longest silence of a client while its request comes in, in seconds. */
const CLIENT_TIMEOUT_S = 60;

/** Opens the socket. @throws Error with `code: 'EADDRINUSE'` and the like. */
export function listen(app: App, options: ListenOptions): Listener {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    // Off: it would print a stack for every transfer that we break on purpose.
    development: false,
    // A second server on the same port is a mistake that must be seen.
    reusePort: false,
    idleTimeout: CLIENT_TIMEOUT_S,
    // Our own limit answers with a clear body; Bun's must not cut in first.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch(request, self) {
      // The timeout stays with the connection: an earlier call may have lifted it.
      self.timeout(request, CLIENT_TIMEOUT_S);
      return app.handle(request, () => self.timeout(request, 0));
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
      // Settled is not sent: a slow client may still be taking the last bytes.
      const inTime = await idle(() => app.active() + server.pendingRequests, graceMs, options.clock);
      if (inTime) await Promise.race([stopped, pause(options.clock, 100)]);
      await server.stop(true);
      return inTime;
    },
  };
}

const POLL_MS = 20;

async function idle(running: () => number, graceMs: number, clock: Clock): Promise<boolean> {
  const until = clock.monotonicMs() + graceMs;
  while (running() > 0) {
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
