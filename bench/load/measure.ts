/** The measurements of one subject. Each starts it anew, so that none sees what another has left behind. */
import type { Running, Subject } from '../subjects/index.ts';
import { runOpenLoop } from './open-loop.ts';
import { cpuBetweenUs, readCpu, residentBytes } from './processes.ts';
import { bodyFor, type Target } from './request.ts';
import { Streams } from './streams.ts';
import { runWrk } from './wrk.ts';

/** Name of a figure → its value; units stand in the name. */
export type Figures = Record<string, number>;

export interface Plan {
  seconds: number;
  warmSeconds: number;
  rates: number[];
  streams: number[];
  /** Bytes. */
  sizes: number[];
}

export const NAMES = {
  perSecond: 'requests/s',
  cpuUs: 'CPU µs/request',
  residentMb: 'resident MB',
  p50: (rate: number) => `p50 ms at ${rate}/s`,
  p99: (rate: number) => `p99 ms at ${rate}/s`,
  firstByte: 'first byte ms',
  chunkCpuUs: (count: number) => `CPU µs/chunk, ${count} streams`,
  chunkP50: (count: number) => `chunk p50 ms, ${count} streams`,
  chunkP99: (count: number) => `chunk p99 ms, ${count} streams`,
  streamKb: (count: number) => `KB/stream, ${count} streams`,
  streamsMb: (count: number) => `resident MB, ${count} streams`,
  sizeMs: (bytes: number) => `ms/request, ${sizeName(bytes)}`,
  sizeCpuUs: (bytes: number) => `CPU µs/request, ${sizeName(bytes)}`,
} as const;

export const sizeName = (bytes: number) => (bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} KB`);

const CONNECTIONS = 64;
const PROMPT_BYTES = 1000;
/** Each size after the first finds a subject that is warm but for its length. */
const SIZE_WARM_S = 3;
const MB = 1024 * 1024;

/** Requests/s, CPU per request, latency at fixed rates, memory. */
export async function measureJson(subject: Subject, upstream: string, plan: Plan): Promise<Figures> {
  return started(subject, upstream, async (running) => {
    await checkAnswer(running);
    const load = { connections: CONNECTIONS, promptBytes: PROMPT_BYTES };
    await runWrk(running, { ...load, seconds: plan.warmSeconds });
    const before = readCpu(running.pid);
    const { requests, perSecond } = await runWrk(running, { ...load, seconds: plan.seconds });
    const figures: Figures = {
      [NAMES.perSecond]: perSecond,
      [NAMES.cpuUs]: cpuBetweenUs(before, readCpu(running.pid)) / requests,
      [NAMES.residentMb]: residentBytes(running.pid) / MB,
    };
    return { ...figures, ...(await measureRates(running, plan, perSecond)) };
  });
}

/** Latency at fixed rates. A rate that is above what the target can do has no latency, and is left out. */
export async function measureRates(
  target: Target,
  plan: Plan,
  ablePerSecond = Number.POSITIVE_INFINITY,
): Promise<Figures> {
  const figures: Figures = {};
  for (const rate of plan.rates) {
    if (rate > ablePerSecond * 0.9) continue;
    await runOpenLoop(target, { perSecond: rate, seconds: 1, connections: CONNECTIONS });
    const { p50Ms, p99Ms } = await runOpenLoop(target, {
      perSecond: rate,
      seconds: plan.seconds,
      connections: CONNECTIONS,
    });
    figures[NAMES.p50(rate)] = p50Ms;
    figures[NAMES.p99(rate)] = p99Ms;
  }
  return figures;
}

/** Open streams: CPU and delay per piece, time to the first byte, memory. `subject` null: the direct path. */
export async function measureStreams(running: Target & { pid: number }, plan: Plan): Promise<Figures> {
  const streams = new Streams(running);
  const figures: Figures = {};
  try {
    const warm = new Streams(running);
    await warm.openUpTo(50);
    await Bun.sleep(plan.warmSeconds * 1000);
    warm.close();
    await Bun.sleep(500);
    const emptyBytes = residentBytes(running.pid);
    for (const count of plan.streams) {
      await streams.openUpTo(count);
      await Bun.sleep(1000);
      streams.reset();
      const before = readCpu(running.pid);
      await Bun.sleep(plan.seconds * 1000);
      const cpuUs = cpuBetweenUs(before, readCpu(running.pid));
      if (streams.failure !== null) throw new Error(streams.failure);
      const resident = residentBytes(running.pid);
      figures[NAMES.chunkCpuUs(count)] = cpuUs / streams.chunks;
      figures[NAMES.chunkP50(count)] = streams.delayMs(0.5);
      figures[NAMES.chunkP99(count)] = streams.delayMs(0.99);
      figures[NAMES.streamsMb(count)] = resident / MB;
      figures[NAMES.streamKb(count)] = (resident - emptyBytes) / 1024 / count;
    }
    figures[NAMES.firstByte] = streams.firstByteMs;
    return figures;
  } finally {
    streams.close();
  }
}

/** Time and CPU per request, one at a time, by length of the prompt. */
export async function measureSizes(running: Target & { pid: number }, plan: Plan): Promise<Figures> {
  const figures: Figures = {};
  for (const promptBytes of plan.sizes) {
    await runWrk(running, { connections: 1, seconds: Math.min(plan.warmSeconds, SIZE_WARM_S), promptBytes });
    const before = readCpu(running.pid);
    const { requests, meanMs } = await runWrk(running, { connections: 1, seconds: plan.seconds, promptBytes });
    figures[NAMES.sizeMs(promptBytes)] = meanMs;
    figures[NAMES.sizeCpuUs(promptBytes)] = cpuBetweenUs(before, readCpu(running.pid)) / requests;
  }
  return figures;
}

/** Runs a measurement on a fresh start of the subject. */
export async function started<T>(subject: Subject, upstream: string, measure: (it: Running) => Promise<T>): Promise<T> {
  const running = await subject.start(upstream);
  try {
    return await measure(running);
  } finally {
    await running.stop();
  }
}

async function checkAnswer(target: Target): Promise<void> {
  const answer = await fetch(target.url, { method: 'POST', headers: target.headers, body: bodyFor(target, 100) });
  const text = await answer.text();
  if (answer.status !== 200 || !text.includes('chatcmpl-')) {
    throw new Error(`${target.url} answered ${answer.status}: ${text.slice(0, 300)}`);
  }
}
