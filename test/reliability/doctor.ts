import { join } from 'node:path';

const MAIN = join(import.meta.dir, '../../packages/server/src/main.ts');

/** Runs `headgate doctor` on a data directory that no server uses. */
export async function doctor(dataDir: string): Promise<{ code: number; out: string }> {
  const child = Bun.spawn([process.execPath, MAIN, 'doctor'], {
    cwd: dataDir,
    env: { PATH: process.env.PATH ?? '', BUN_CONFIG_MAX_HTTP_REQUESTS: '1024', HEADGATE_DATA_DIR: dataDir },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out: out + err };
}
