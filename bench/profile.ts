/**
 * Where the CPU goes: Headgate with all on, under wrk, with Bun's profiler. Prints the functions and folders with the most
 * self time, for each thread; the profiles stay in `bench/out/profile`.
 *
 *   npm run bench:profile -- [--seconds 10]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startJsonUpstream } from './load/nginx.ts';
import { stopAll } from './load/processes.ts';
import { ensureTools } from './load/tools.ts';
import { runWrk } from './load/wrk.ts';
import { ALL_ON, startVariant } from './subjects/index.ts';

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
const folder = join(import.meta.dir, 'out/profile');
const root = join(import.meta.dir, '..');

try {
  ensureTools();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const upstream = await startJsonUpstream();
  const headgate = await startVariant(upstream.origin, ALL_ON, {
    BUN_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}`,
  });
  const { perSecond } = await runWrk(headgate, { connections: 64, seconds: Number(values.seconds), promptBytes: 1000 });
  await headgate.stop();
  print(`${Math.round(perSecond)} requests/s with the profiler on`);
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'));
  if (files.length === 0) throw new Error('no profile was written');
  for (const file of files) report(file);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
process.exit();

function report(file: string): void {
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const folders = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, i) => {
    const frame = frames.get(id);
    const us = profile.timeDeltas[i] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)') return;
    total += us;
    const path = frame.url.replace('file://', '').replace(`${root}/`, '');
    const place = path === '' ? '' : ` ${path}:${frame.lineNumber + 1}`;
    count(functions, `${frame.functionName || '(anonymous)'}${place}`, us);
    count(folders, path === '' ? '(runtime)' : path.split('/').slice(0, -1).join('/') || path, us);
  });
  print(`\n## ${file}: ${(total / 1e6).toFixed(2)} s`);
  top(folders, total, 15);
  top(functions, total, 30);
}

function count(sums: Map<string, number>, name: string, us: number): void {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function top(sums: Map<string, number>, total: number, most: number): void {
  print('');
  for (const [name, us] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, most)) {
    print(`${((us / total) * 100).toFixed(1).padStart(6)} %  ${(us / 1000).toFixed(0).padStart(7)} ms  ${name}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
