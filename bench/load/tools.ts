/** nginx and wrk: installed from Debian's packages where that is possible. */
import { spawnSync } from 'node:child_process';

/** Rejects with one line that says what to install. */
export function ensureTools(): void {
  const missing = ['nginx', 'wrk'].filter((name) => Bun.which(name) === null);
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && Bun.which('apt-get') !== null) {
    process.stderr.write(`installing ${missing.join(' and ')} …\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const run = (...args: string[]) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', ...missing);
  }
  const still = missing.filter((name) => Bun.which(name) === null);
  if (still.length > 0) throw new Error(`${still.join(' and ')} not found: install with "apt-get install nginx wrk"`);
}

/** First line of what a command prints, on either stream; empty where it cannot be run. */
export function firstLine(command: string, ...args: string[]): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return error ? '' : (`${stdout}${stderr}`.trim().split('\n')[0]?.trim() ?? '');
}
