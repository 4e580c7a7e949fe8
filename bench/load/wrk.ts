/** Closed-loop load by wrk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './processes.ts';
import type { Target } from './request.ts';

export interface WrkResult {
  requests: number;
  perSecond: number;
  meanMs: number;
  p50Ms: number;
  p99Ms: number;
}

export interface WrkOptions {
  connections: number;
  seconds: number;
  /** Length of the prompt in bytes. */
  promptBytes: number;
}

/** Each request differs by a number, counted on from a different start in each run. */
const SCRIPT = `
local prompt, number = string.rep("a ", BYTES / 2), START
local before = '{"model":"gpt-5-mini","messages":[{"role":"user","content":"'
request = function()
  number = number + STEP
  return wrk.format(nil, nil, nil, before .. string.format("%.0f ", number) .. prompt .. '"}]}')
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"failed":%d,"mean":%f,"p50":%f,"p99":%f}\\n', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout, latency.mean, latency:percentile(50), latency:percentile(99)))
end
`;

/** Rejects when an answer was not good or a connection failed. */
export async function runWrk(target: Target, options: WrkOptions): Promise<WrkResult> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-wrk-'));
  const remove = atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const headers = Object.entries(target.headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  const script = SCRIPT.replace('BYTES', String(options.promptBytes))
    .replace('START', String(Date.now() * 1000))
    .replace('STEP', target.sameBody ? '0' : '1');
  writeFileSync(join(directory, 'load.lua'), `wrk.method = "POST"\n${headers.join('\n')}\n${script}`);
  const { connections, seconds } = options;
  const child = Bun.spawn(
    ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', 'load.lua', target.url],
    { cwd: directory, stdout: 'pipe', stderr: 'pipe' },
  );
  const stop = atEnd(() => child.kill());
  const printed = await new Response(child.stdout).text();
  await child.exited;
  await stop();
  await remove();
  const line = /^RESULT (.*)$/m.exec(printed)?.[1];
  if (line === undefined) throw new Error(`wrk failed:\n${printed}`);
  const { requests, us, failed, mean, p50, p99 } = JSON.parse(line) as Record<string, number>;
  if (requests === undefined || us === undefined || requests === 0) throw new Error(`no answers from ${target.url}`);
  if (failed !== 0) throw new Error(`${failed} of ${requests} answers or connections of ${target.url} failed`);
  const ms = (value = 0) => value / 1000;
  return { requests, perSecond: (requests / us) * 1e6, meanMs: ms(mean), p50Ms: ms(p50), p99Ms: ms(p99) };
}
