/**
 * Feeds mutated recordings to every reader in every framing and prints what it found. An input with which something is
 * wrong is kept under `test/fuzz/seeds`, where `formats.test.ts` replays it.
 */
import { parseArgs } from 'node:util';
import { Chance } from './formats-random.ts';
import { runRealtime } from './formats-realtime.ts';
import { type Result, runTarget } from './formats-run.ts';
import { keepSeed } from './formats-seeds.ts';
import { targets } from './formats-targets.ts';

const USAGE = `usage: npm run fuzz:formats -- [--bytes N] [--seed N] [--only FORMAT]

  --bytes N      bytes to feed to each reader in each framing (default 1000000)
  --seed N       the same seed makes the same inputs (default 1)
  --only FORMAT  this reader alone, e.g. openai-chat

Exit code: 0 nothing found, 1 something wrong, 2 wrong usage.`;

function readOptions(args: string[]): { bytes: number; seed: number; only: string | undefined } | null {
  try {
    const options = { bytes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } as const;
    const { values } = parseArgs({ args, options });
    const [bytes, seed] = [Number(values.bytes ?? 1_000_000), Number(values.seed ?? 1)];
    return Number.isSafeInteger(bytes) && Number.isSafeInteger(seed) && bytes > 0
      ? { bytes, seed, only: values.only }
      : null;
  } catch {
    return null;
  }
}

function line(cells: readonly (string | number)[]): string {
  const [target = '', ...numbers] = cells.map(String);
  return `${target.padEnd(34)}${numbers.map((cell) => cell.padStart(12)).join('')}`;
}

async function report({ target, inputs, bytes, slowestMs, found }: Result, took: number): Promise<void> {
  console.log(
    line([target, inputs, bytes, (bytes / 1e6 / (took / 1000)).toFixed(1), slowestMs.toFixed(1), found.length]),
  );
  for (const { input, wrong } of found) console.log(`  ${await keepSeed(input, wrong)}: ${wrong}`);
}

const options = readOptions(process.argv.slice(2));
const chosen =
  options === null ? [] : targets().filter(({ format }) => options.only === undefined || format === options.only);
if (options === null || chosen.length === 0) {
  console.error(USAGE);
  process.exit(2);
}
console.log(line(['reader and framing', 'inputs', 'bytes', 'MB/s', 'slowest ms', 'found']));
let found = 0;
for (const [at, target] of chosen.entries()) {
  const started = performance.now();
  const result = runTarget(target, { bytes: options.bytes, chance: new Chance(options.seed * 1000 + at) });
  await report(result, performance.now() - started);
  found += result.found.length;
}
if (options.only === undefined) {
  const sessions = runRealtime({ bytes: options.bytes, chance: new Chance(options.seed) });
  console.log(line(['realtime frames', sessions.inputs, options.bytes, '', '', sessions.wrong === null ? 0 : 1]));
  if (sessions.wrong !== null) {
    console.log(`  ${sessions.wrong}`);
    found += 1;
  }
}
const polluted = Object.keys(Object.prototype).length > 0 || 'polluted' in {};
if (polluted) console.log('the prototype of all objects was changed');
process.exit(found > 0 || polluted ? 1 : 0);
