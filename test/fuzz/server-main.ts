/** Sends hostile requests to a running server and prints what it found; each is kept under `test/fuzz/seeds`. */
import { parseArgs } from 'node:util';
import { Chance } from './formats-random.ts';
import { keepSeed, openStage } from './server/index.ts';

const USAGE = `usage: npm run fuzz:server -- [--requests N] [--seed N]

  --requests N   requests to send (default 20000)
  --seed N       the same seed makes the same requests (default 1)

Exit code: 0 nothing found, 1 something wrong, 2 wrong usage.`;

function readOptions(args: string[]): { requests: number; seed: number } | null {
  try {
    const { values } = parseArgs({ args, options: { requests: { type: 'string' }, seed: { type: 'string' } } });
    const [requests, seed] = [Number(values.requests ?? 20_000), Number(values.seed ?? 1)];
    return Number.isSafeInteger(requests) && Number.isSafeInteger(seed) && requests > 0 ? { requests, seed } : null;
  } catch {
    return null;
  }
}

const options = readOptions(process.argv.slice(2));
if (options === null) {
  console.error(USAGE);
  process.exit(2);
}
const stage = await openStage();
const { sent, answers, found } = await stage.run(options.requests, new Chance(options.seed));
const ailment = await stage.ailment();
await stage.close();
console.log(
  `${sent} requests: ${[...answers]
    .sort()
    .map(([first, count]) => `${count} ${first}`)
    .join(', ')}`,
);
for (const { request, wrong } of found) console.log(`${await keepSeed(request, wrong)}: ${wrong}`);
if (ailment !== null) console.log(`the server: ${ailment}`);
console.log(found.length === 0 && ailment === null ? 'nothing found' : `${found.length} found`);
process.exit(found.length === 0 && ailment === null ? 0 : 1);
