/** Runs the soak and prints what came of it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runSoak, type SoakReport } from './soak.ts';

const USAGE =
  'usage: npm run soak -- --minutes N [--rate CALLS_PER_SECOND]\n\nExit code: 0 all well, 1 a failure, 2 wrong usage.';
const MB = 2 ** 20;

const { minutes, rate } = options();
const report = await runSoak({
  seconds: minutes * 60,
  rate,
  // What a short run grows by is warm-up.
  memory: { perCall: 512, noise: (minutes < 3 ? 96 : 8) * MB },
  descriptors: { perCall: 0.001, noise: 20 },
  onProgress: (line) => console.log(line),
});
print(report);
const out = join(import.meta.dir, '../../bench/out');
mkdirSync(out, { recursive: true });
await Bun.write(join(out, 'soak.json'), JSON.stringify(report, null, 1));
process.exit(report.failures.length === 0 ? 0 : 1);

function options(): { minutes: number; rate: number } {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string' }, rate: { type: 'string', default: '60' } } });
    const read = { minutes: Number(values.minutes), rate: Number(values.rate) };
    if (read.minutes > 0 && read.rate > 0) return read;
  } catch {
    // An unknown option: as below.
  }
  console.error(USAGE);
  process.exit(2);
}

function print({ samples, memory, descriptors, failures, ...numbers }: SoakReport): void {
  const resident = samples.map(({ residentBytes }) => residentBytes / MB);
  const files = samples.map((sample) => sample.descriptors);
  const lines: [string, string][] = [
    ['calls', `${numbers.calls} (${numbers.heldBack} held back)`],
    ['changes of the configuration', String(numbers.changes)],
    ['log rows', `${numbers.rows}, compared in ${numbers.readingS.toFixed(1)} s`],
    [
      'MB resident: half-way, end, most',
      [half(resident), resident.at(-1) ?? 0, Math.max(...resident)].map(round).join(', '),
    ],
    ['bytes a call', memory === null ? 'too short' : `${round(memory.perCall)} ± ${round(memory.error)}`],
    ['descriptors: half-way, end, most', [half(files), files.at(-1) ?? 0, Math.max(...files)].join(', ')],
    [
      'descriptors a call',
      descriptors === null
        ? 'too short'
        : `${descriptors.perCall.toPrecision(2)} ± ${descriptors.error.toPrecision(2)}`,
    ],
    ['rows queued at most', String(Math.max(...samples.map(({ queuedRows }) => queuedRows)))],
    ['verdict', failures.length === 0 ? 'ok' : 'FAIL'],
  ];
  for (const [name, value] of lines) console.log(`${name.padEnd(36)}${value}`);
  for (const failure of failures) console.log(`  ${failure}`);
}

function half(values: readonly number[]): number {
  return values[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): string {
  return value.toFixed(0);
}
