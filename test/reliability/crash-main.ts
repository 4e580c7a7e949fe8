/** Plays crash rounds and prints a line for each. */
import { parseArgs } from 'node:util';
import { crashRounds, type RoundReport } from './crash.ts';

const USAGE = `usage: npm run crash -- [--rounds N] [--seed S]

Kills a loaded server N times (default 25) and checks what the next start finds. The same seed makes the same choices.
Exit code: 0 all held, 1 something did not, 2 wrong usage.`;

const { rounds, seed } = readOptions();
console.log(`${rounds} rounds, seed ${seed}`);
console.log(
  line(['round', 'kill', 'durability', 'ended', 'owed', 'changes', 'forgotten', 'hits', 'start ms', 'verdict']),
);
const reports: RoundReport[] = [];
await crashRounds(rounds, seed, (report) => {
  reports.push(report);
  const { round, moment, durability, ended, owed, changes, forgottenCalls, cacheHits, startMs, faults } = report;
  const figures = [ended, owed, changes, forgottenCalls, cacheHits, Math.round(startMs)].map(String);
  console.log(line([String(round), moment, durability, ...figures, faults.length === 0 ? 'ok' : 'FAIL']));
  for (const fault of faults) console.log(`    ${fault}`);
});
const sum = (pick: (report: RoundReport) => number) => reports.reduce((total, report) => total + pick(report), 0);
const failed = reports.filter(({ faults }) => faults.length > 0).length;
console.log(
  `${sum((one) => one.ended)} calls ended, ${sum((one) => one.owed)} rows owed, ${sum((one) => one.changes)} changes`,
);
console.log(failed === 0 ? 'all held' : `${failed} of ${rounds} rounds failed (seed ${seed})`);
process.exit(failed === 0 ? 0 : 1);

function readOptions(): { rounds: number; seed: number } {
  try {
    const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
    const options = { rounds: Number(values.rounds ?? 25), seed: Number(values.seed ?? Date.now() % 1_000_000) };
    if (Object.values(options).every((value) => Number.isSafeInteger(value) && value >= 0)) return options;
  } catch {
    // Said below.
  }
  console.error(USAGE);
  process.exit(2);
}

function line(cells: readonly string[]): string {
  const widths = [5, 5, 10, 6, 6, 7, 9, 4, 8, 0];
  return cells
    .map((cell, i) => (i === 0 || i > 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
    .join('  ');
}
