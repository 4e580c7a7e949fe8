/** Open-loop load: requests leave at fixed times, whether or not earlier ones were answered. */
import type { Socket } from 'bun';
import { AnswerEnd, bodyFor, percentile, requestBytes, type Target } from './request.ts';

export interface OpenLoopResult {
  p50Ms: number;
  p99Ms: number;
}

interface State {
  end: AnswerEnd;
  /** When the request under way was to leave. */
  dueMs: number;
}

const PROMPT_BYTES = 1024;
const ANSWERS_WITHIN_MS = 20_000;

/**
 * Sends `perSecond` requests a second over connections opened before. Latency counts from the time a request was to
 * leave, so that a wait for a connection, or for this process, is part of it. Rejects on any answer but 200.
 */
export async function runOpenLoop(
  target: Target,
  options: { perSecond: number; seconds: number; connections: number },
): Promise<OpenLoopResult> {
  const { hostname, port } = new URL(target.url);
  const total = Math.round(options.perSecond * options.seconds);
  const idle: Socket<State>[] = [];
  const waiting: number[] = [];
  const latencies: number[] = [];
  let failure: string | null = null;
  const all: Socket<State>[] = [];

  const send = (socket: Socket<State>, dueMs: number) => {
    socket.data.dueMs = dueMs;
    socket.write(requestBytes(target, bodyFor(target, PROMPT_BYTES)));
  };
  for (let i = 0; i < options.connections; i++) {
    const socket = await Bun.connect<State>({
      hostname,
      port: Number(port),
      socket: {
        data(socket, bytes) {
          if (!socket.data.end.add(bytes)) return;
          if (socket.data.end.status !== 200) failure ??= `${target.url} answered ${socket.data.end.status}`;
          latencies.push(performance.now() - socket.data.dueMs);
          const next = waiting.shift();
          if (next === undefined) idle.push(socket);
          else send(socket, next);
        },
        close() {
          if (latencies.length < total) failure ??= `${target.url} closed a connection`;
        },
      },
      data: { end: new AnswerEnd(), dueMs: 0 },
    });
    socket.setNoDelay(true);
    all.push(socket);
    idle.push(socket);
  }

  const startMs = performance.now() + 5;
  let sent = 0;
  const givesUpMs = startMs + options.seconds * 1000 + ANSWERS_WITHIN_MS;
  while (latencies.length < total && failure === null) {
    const dueMs = startMs + (sent * 1000) / options.perSecond;
    const now = performance.now();
    if (now > givesUpMs) failure = `${target.url} answered ${latencies.length} of ${total} requests in time`;
    if (sent < total && now >= dueMs) {
      const socket = idle.pop();
      if (socket === undefined) waiting.push(dueMs);
      else send(socket, dueMs);
      sent++;
    } else {
      // Timers are too coarse: short naps between looks at the sockets keep the times without taking a whole core.
      Bun.sleepSync(0.05);
      await new Promise(setImmediate);
    }
  }
  for (const socket of all) socket.terminate();
  if (failure !== null) throw new Error(failure);
  return { p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}
