/** Entry point of the process: sees to Bun's request limit, then hands over to the command line. */
import { runCli } from './cli/index.ts';

/**
 * What Bun reads before the first line of ours runs, so that setting it here would be too late: the number of concurrent
 * upstream requests, and the memory size by which its garbage collector paces itself (a gateway's heap is small, what
 * hangs on it is not).
 */
const LAUNCH = { BUN_CONFIG_MAX_HTTP_REQUESTS: '16384', BUN_JSC_forceRAMSize: '536870912' };

if (Bun.env.BUN_CONFIG_MAX_HTTP_REQUESTS === undefined) {
  const child = Bun.spawn([process.execPath, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: { ...LAUNCH, ...Bun.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  process.exit(await child.exited);
}

await runCli(process.argv.slice(2));
