/**
 * Headgate beside nginx and other gateways: same machine, same upstream, one run. Prints Markdown and writes
 * `bench/out/latest.md` and `latest.json`. `docs/performance.md` says what is measured and how.
 *
 *   npm run bench -- [--rounds 3] [--seconds 5] [--only nginx,all-on] [--parts json,streams,sizes] [--quick]
 *
 * Exit code 1 when an answer was not good or a subject could not be started; the tables name it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Figures,
  measureJson,
  measureRates,
  measureSizes,
  measureStreams,
  type Plan,
  started,
} from './load/measure.ts';
import { startJsonUpstream } from './load/nginx.ts';
import { stopAll } from './load/processes.ts';
import { ensureTools, firstLine } from './load/tools.ts';
import { startStreamUpstream } from './load/upstreams.ts';
import { markdown, type Run } from './report/markdown.ts';
import { added, medians } from './report/targets.ts';
import { OPENAI_HEADERS, SUBJECTS, type Subject } from './subjects/index.ts';

const CHUNKS_PER_S = 2000;
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    parts: { type: 'string', default: 'json,streams,sizes' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3));
const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 5));
const parts = flags.parts.split(',');
const plan: Plan = {
  seconds,
  warmSeconds: flags.quick ? 1 : 10,
  rates: parts.includes('json') ? [500, 1000] : [],
  streams: parts.includes('streams') ? [100, 1000, 4000].filter((count) => count * 2 + 500 < openFiles()) : [],
  sizes: parts.includes('sizes') ? [1_000, 40_000, 400_000, 4_000_000] : [],
};
const failures: string[] = [];
const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  ensureTools();
  const { subjects, versions, absent } = await prepared();
  const figures: Record<string, Figures[]> = {};
  const direct: Figures[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}: the direct path`);
    direct.push(await measureDirect());
    for (const subject of subjects) {
      say(`round ${round} of ${rounds}: ${subject.name}`);
      figures[subject.id] ??= [];
      figures[subject.id]?.push(await measureSubject(subject));
    }
  }
  const floor = medians(direct);
  const run: Run = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`,
    versions,
    rounds,
    plan,
    chunksPerS: CHUNKS_PER_S,
    names: Object.fromEntries(subjects.map(({ id, name }) => [id, name])),
    results: Object.fromEntries(subjects.map(({ id }) => [id, added(medians(figures[id] ?? []), floor)])),
    direct: floor,
    absent,
    failures,
  };
  const folder = join(import.meta.dir, 'out');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'latest.json'),
    `${JSON.stringify({ ...run, everyRound: { direct, figures } }, null, 2)}\n`,
  );
  writeFileSync(join(folder, 'latest.md'), markdown(run));
  process.stdout.write(markdown(run));
}

async function prepared() {
  const wanted = flags.only?.split(',');
  const unknown = wanted?.find((id) => !SUBJECTS.some((subject) => subject.id === id));
  if (unknown !== undefined)
    throw new Error(`--only: ${unknown} is none of ${SUBJECTS.map(({ id }) => id).join(', ')}`);
  const subjects: Subject[] = [];
  const versions: Record<string, string> = { wrk: firstLine('wrk', '-v').replace(/^wrk (debian\/)?(\S+).*$/, '$2') };
  const absent: Record<string, string> = {};
  for (const subject of SUBJECTS) {
    if (wanted !== undefined && !wanted.includes(subject.id)) continue;
    try {
      versions[subject.name.split(',')[0] ?? ''] = await subject.prepare();
      subjects.push(subject);
    } catch (error) {
      absent[subject.name] = reason(error);
      say(`absent: ${subject.name}: ${reason(error)}`);
    }
  }
  return { subjects, versions, absent };
}

/** The load generator on the upstream itself: the floor of all delays. */
async function measureDirect(): Promise<Figures> {
  const target = { headers: OPENAI_HEADERS, sameBody: false };
  let figures: Figures = {};
  if (plan.rates.length > 0) {
    const upstream = await startJsonUpstream();
    figures = await measureRates({ ...target, url: `${upstream.origin}/v1/chat/completions` }, plan);
    await upstream.stop();
  }
  if (plan.streams.length > 0) {
    const upstream = await startStreamUpstream(CHUNKS_PER_S);
    const url = `${upstream.origin}/v1/chat/completions`;
    figures = { ...figures, ...(await measureStreams({ ...target, url, pid: upstream.pid }, plan)) };
    await upstream.stop();
  }
  return figures;
}

async function measureSubject(subject: Subject): Promise<Figures> {
  let figures: Figures = {};
  const part = async (name: string, isWanted: boolean, measure: () => Promise<Figures>) => {
    if (!isWanted) return;
    try {
      figures = { ...figures, ...(await measure()) };
    } catch (error) {
      failures.push(`${subject.name}, ${name}: ${reason(error)}`);
      say(`FAILED: ${failures.at(-1)}`);
    }
  };
  await part('JSON', plan.rates.length > 0, async () => {
    const upstream = await startJsonUpstream();
    try {
      return await measureJson(subject, upstream.origin, plan);
    } finally {
      await upstream.stop();
    }
  });
  for (const [name, isWanted, measure] of [
    ['streams', plan.streams.length > 0, measureStreams],
    ['sizes', plan.sizes.length > 0, measureSizes],
  ] as const) {
    await part(name, isWanted && subject.isWhole, async () => {
      const upstream = await startStreamUpstream(CHUNKS_PER_S);
      try {
        return await started(subject, upstream.origin, (running) => measure(running, plan));
      } finally {
        await upstream.stop();
      }
    });
  }
  return figures;
}

function openFiles(): number {
  return Number(firstLine('sh', '-c', 'ulimit -n')) || Number.POSITIVE_INFINITY;
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 400);
}

try {
  await main();
  process.exitCode = failures.length > 0 ? 1 : 0;
} catch (error) {
  say(`bench: ${reason(error)}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
process.exit();
