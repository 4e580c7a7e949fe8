/** The `headgate` command, as an operator runs it. */
import { join } from 'node:path';

export const MAIN = join(import.meta.dir, '../../packages/server/src/main.ts');

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface RunOptions {
  cwd: string;
  /** Nothing else of this process's environment is passed on but `PATH`. */
  env: Record<string, string>;
  /** Default: nothing. */
  stdin?: string;
}

/** Runs `headgate` to its end. */
export function runHeadgate(args: readonly string[], options: RunOptions): Promise<Ran> {
  return runCommand([process.execPath, MAIN, ...args], options);
}

/** Runs a command to its end. */
export async function runCommand(command: string[], { cwd, env, stdin = '' }: RunOptions): Promise<Ran> {
  const child = Bun.spawn(command, {
    cwd,
    // Set, so that `headgate` does not start itself a second time.
    env: { PATH: process.env.PATH ?? '', BUN_CONFIG_MAX_HTTP_REQUESTS: '1024', ...env },
    stdin: new Blob([stdin]),
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
