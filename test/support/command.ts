/** The `headgate` command, as an operator runs it. */
import { join } from 'node:path';

export const MAIN = join(import.meta.dir, '../../packages/server/src/main.ts');

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs it to its end, in `cwd` and with nothing of this process's environment but `PATH`. */
export async function runHeadgate(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<Ran> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd,
    // Set, so that the command does not start itself a second time.
    env: { PATH: process.env.PATH ?? '', BUN_CONFIG_MAX_HTTP_REQUESTS: '1024', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}
