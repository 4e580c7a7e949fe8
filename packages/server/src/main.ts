/** Entry point of the process: sees to Bun's request limit, then hands over to the command line. */
import { runCli } from './cli/index.ts';

/** Concurrent upstream requests. Bun reads it before the first line of ours runs: setting it here would be too late. */
const LIMIT_NAME = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
const LIMIT = '16384';

if (Bun.env[LIMIT_NAME] === undefined) {
  const child = Bun.spawn([process.execPath, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: { ...Bun.env, [LIMIT_NAME]: LIMIT },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  process.exit(await child.exited);
}

await runCli(process.argv.slice(2));
