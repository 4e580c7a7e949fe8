/** Child processes of the benchmark: started, measured through /proc, and stopped whatever happens. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const closers = new Set<() => unknown>();

/** Has `close` called at the end, also on Ctrl-C. Returns a function that calls it now, once. */
export function atEnd(close: () => unknown): () => Promise<void> {
  closers.add(close);
  return async () => {
    if (closers.delete(close)) await close();
  };
}

/** Stops all that is still running, newest first. */
export async function stopAll(): Promise<void> {
  for (const close of [...closers].reverse()) {
    closers.delete(close);
    try {
      await close();
    } catch (error) {
      process.stderr.write(`${error}\n`);
    }
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(code)));
}

export interface Child {
  pid: number;
  stop(): Promise<void>;
}

export interface ChildOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Asked until it answers with less than 500. */
  readyUrl: string;
  readyWithinMs?: number;
}

/** Starts a process and waits until its address answers. Rejects with what it printed when it ends or is too slow. */
export async function startChild(command: string[], options: ChildOptions): Promise<Child> {
  const child = Bun.spawn(command, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let printed = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) printed = (printed + decoder.decode(bytes, { stream: true })).slice(-4000);
  })();
  const stop = atEnd(async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await child.exited;
    clearTimeout(timer);
  });
  const until = performance.now() + (options.readyWithinMs ?? 30_000);
  while (child.exitCode === null && performance.now() < until) {
    const status = await fetch(options.readyUrl).then(
      (response) => response.status,
      () => 599,
    );
    if (status < 500) return { pid: child.pid, stop };
    await Bun.sleep(50);
  }
  await stop();
  await reading;
  throw new Error(`${command[0]} did not start: ${printed.trim().split('\n').at(-1) || `exit code ${child.exitCode}`}`);
}

/** A port that was free a moment ago, for programs that cannot say which one they took. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** CPU time so far, in nanoseconds, of each thread of a process and of its children. */
export type CpuReading = Map<string, number>;

/** Reads it from the scheduler's own account, which is finer than the 10 ms ticks of /proc/PID/stat. */
export function readCpu(pid: number): CpuReading {
  const reading: CpuReading = new Map();
  for (const process of tree(pid)) {
    for (const task of list(`/proc/${process}/task`)) {
      const spent = text(`/proc/${process}/task/${task}/schedstat`);
      if (spent !== '') reading.set(task, Number(spent.split(' ')[0]));
    }
  }
  return reading;
}

/** Microseconds of CPU, user and system, spent between two readings. */
export function cpuBetweenUs(before: CpuReading, after: CpuReading): number {
  let sum = 0;
  for (const [task, spent] of after) sum += spent - (before.get(task) ?? 0);
  return sum / 1000;
}

/** Resident memory of a process and of its children, in bytes. */
export function residentBytes(pid: number): number {
  let sum = 0;
  for (const process of tree(pid)) {
    sum += Number(/^VmRSS:\s+(\d+) kB/m.exec(text(`/proc/${process}/status`))?.[1] ?? 0) * 1024;
  }
  return sum;
}

function tree(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((task) =>
    text(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

/** Empty where the process or thread has just ended. */
function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
