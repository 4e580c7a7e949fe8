/** A run as Markdown. */
import { type Figures, NAMES, type Plan } from '../load/measure.ts';
import { judge, type Results } from './targets.ts';

export interface Run {
  date: string;
  machine: string;
  versions: Record<string, string>;
  rounds: number;
  plan: Plan;
  chunksPerS: number;
  /** By subject id, in order. */
  names: Record<string, string>;
  results: Results;
  direct: Figures;
  absent: Record<string, string>;
  failures: string[];
}

export function markdown(run: Run): string {
  const { plan, direct } = run;
  const lines = [
    `Measured ${run.date} on ${run.machine}. Medians of ${run.rounds} round(s) of ${plan.seconds} s each.`,
    `Versions: ${Object.entries(run.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    ...table(run, 'JSON', [
      NAMES.perSecond,
      NAMES.cpuUs,
      NAMES.residentMb,
      ...plan.rates.flatMap((rate) => [NAMES.p50(rate), NAMES.p99(rate)]),
    ]),
    `Latencies are what the subject adds. The direct path: ${plan.rates
      .map(
        (rate) => `p50 ${number(direct[NAMES.p50(rate)])} ms, p99 ${number(direct[NAMES.p99(rate)])} ms at ${rate}/s`,
      )
      .join('; ')}. No figure: the subject cannot do that rate.`,
    '',
    ...table(run, `Streams, ${run.chunksPerS} chunks/s in all`, [
      NAMES.firstByte,
      ...plan.streams.flatMap((count) => [NAMES.chunkCpuUs(count), NAMES.chunkP50(count), NAMES.chunkP99(count)]),
    ]),
    `First byte and chunk times are what the subject adds; the direct path has a first byte after ${number(direct[NAMES.firstByte])} ms.`,
    '',
    ...table(
      run,
      'Memory of open streams',
      plan.streams.flatMap((count) => [NAMES.streamsMb(count), NAMES.streamKb(count)]),
    ),
    ...table(
      run,
      'Prompt sizes, one request at a time',
      plan.sizes.flatMap((bytes) => [NAMES.sizeMs(bytes), NAMES.sizeCpuUs(bytes)]),
    ),
    '',
    '**Targets**',
    '',
    '| target | measured | |',
    '| --- | ---: | --- |',
    ...judge(run.results).map(
      ({ what, value, isMet }) =>
        `| ${what} | ${number(value ?? undefined)} | ${isMet === null ? 'not measured' : isMet ? 'met' : '**not met**'} |`,
    ),
    '',
    ...Object.entries(run.absent).map(([name, reason]) => `- Absent: ${name} (${reason})`),
    ...run.failures.map((failure) => `- **Failed**: ${failure}`),
  ];
  return `${lines.join('\n').trim()}\n`;
}

function table(run: Run, title: string, figures: string[]): string[] {
  const ids = Object.keys(run.names).filter((id) => figures.some((name) => run.results[id]?.[name] !== undefined));
  if (ids.length === 0) return [];
  return [
    `**${title}**`,
    '',
    `| | ${ids.map((id) => run.names[id]).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(ids.length)}`,
    ...figures.map((name) => `| ${name} | ${ids.map((id) => number(run.results[id]?.[name])).join(' | ')} |`),
    '',
  ];
}

function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
